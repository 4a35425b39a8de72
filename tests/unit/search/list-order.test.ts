import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ListHead, mergedPrefix, planPage } from '../../../src/documents/list-order.ts';
import { compareBySort, parseSortCriterion, sortValues } from '../../../src/documents/list-sort.ts';

/** Lists of different lengths; versions are distinct over all lists. `updated` makes some of them young again. */
const lists = fc
  .tuple(fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }), fc.nat(20), fc.array(fc.nat(60)))
  .map(([sizes, prefix, updated]) => {
    let next = 0;
    const all = sizes.flatMap((size, list) =>
      Array.from({ length: size }, () => ({ list, turn: (next++ * 7919) % 1009 })),
    );
    all.sort((a, b) => a.turn - b.turn);
    const versions = sizes.map((): string[] => []);
    all.forEach(({ list }, i) => {
      versions[list]?.push(String(updated.includes(i) ? 5_000 + i : 1_000 + i));
    });
    return { versions, heads: versions.map((v): ListHead => ({ total: v.length, versions: v.slice(0, prefix) })) };
  });

/** The documents of a page, each as list and position in it. */
function page(heads: readonly ListHead[], offset: number, limit: number): string[] {
  const { windows, sequence } = planPage(heads, offset, limit);
  const taken = windows.map((w) => w.offset);
  const documents = sequence.map((list) => `${list}/${(taken[list] as number)++}`);
  windows.forEach((w, list) => {
    expect((taken[list] as number) - w.offset).toBe(w.limit);
  });
  return documents;
}

describe('planPage', () => {
  it('has every document on exactly one page, whatever the page size', () => {
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 17 }), ({ heads }, size) => {
        const total = heads.reduce((sum, head) => sum + head.total, 0);
        const pages = Array.from({ length: Math.ceil(total / size) + 1 }, (_, i) => page(heads, i * size, size));
        const all = heads.flatMap((head, list) => Array.from({ length: head.total }, (_, i) => `${list}/${i}`));
        expect(pages.flat().sort()).toEqual(all.sort());
        expect(pages.flat()).toEqual(page(heads, 0, total));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('lists documents in the order in which they were written while all fit into the prefixes', () => {
    const heads = [['1', '4', '5'], ['2', '6'], ['3']].map((versions) => ({ total: versions.length, versions }));
    expect(page(heads, 0, 10)).toEqual(['0/0', '1/0', '2/0', '0/1', '0/2', '1/1']);
    expect(page(heads, 2, 2)).toEqual(['2/0', '0/1']);
    expect(page(heads, 9, 2)).toEqual([]);
  });

  it('lets a document that was written again hold up nothing behind it', () => {
    const heads = [
      ['9', '3', '5'],
      ['2', '4'],
    ].map((versions) => ({ total: versions.length, versions }));
    expect(page(heads, 0, 10)).toEqual(['1/0', '0/0', '0/1', '1/1', '0/2']);
  });

  it('asks for a stretch of the page’s own length however deep the page is', () => {
    const heads = [0, 1, 2].map((n) => ({
      total: 50_000,
      versions: Array.from({ length: mergedPrefix }, (_, i) => String(100_000 + i * 3 + n)),
    }));
    for (const offset of [0, 2_990, 3_000, 49_000, 60_000, 149_990]) {
      const { windows, sequence } = planPage(heads, offset, 20);
      expect(windows.reduce((sum, w) => sum + w.limit, 0)).toBe(sequence.length);
      expect(sequence).toHaveLength(Math.min(20, 150_000 - offset));
    }
  });
});

describe('sorting documents', () => {
  const sorted = (sort: string, documents: readonly string[]) => {
    const criteria = [parseSortCriterion(sort)].flatMap((c) => c ?? []);
    const keyed = documents.map((text) => ({ text, values: sortValues(text, criteria) }));
    return keyed.sort((a, b) => compareBySort(a.values, b.values, criteria)).map(({ text }) => text);
  };

  it('puts numbers first, then strings, then nothing, in both directions', () => {
    const documents = ['{"v":"b"}', '{}', '{"v":2}', '{"v":null}', '{"v":"A"}', '{"v":[10,"z"]}', '{"v":{}}'];
    expect(sorted('v:asc', documents).slice(0, 4)).toEqual(['{"v":2}', '{"v":[10,"z"]}', '{"v":"A"}', '{"v":"b"}']);
    expect(sorted('v:desc', documents).slice(0, 4)).toEqual(['{"v":[10,"z"]}', '{"v":2}', '{"v":"b"}', '{"v":"A"}']);
  });

  it('takes the least element of a list upwards and the greatest downwards, also inside objects', () => {
    const documents = ['{"a":{"b":[5,1]}}', '{"a":{"b":3}}'];
    expect(sorted('a.b:asc', documents)).toEqual(documents);
    expect(sorted('a.b:desc', documents)).toEqual(documents);
  });

  it('sorts by distance, documents without place last', () => {
    const near = '{"_geo":{"lat":48.8,"lng":2.3}}';
    const far = '{"_geo":{"lat":"52.5","lng":13.4}}';
    expect(sorted('_geoPoint(48.85, 2.35):asc', ['{}', far, near])).toEqual([near, far, '{}']);
    expect(sorted('_geoPoint(48.85, 2.35):desc', ['{}', near, far])).toEqual([far, near, '{}']);
  });

  it('knows what is no criterion', () => {
    expect(parseSortCriterion('price')).toBeNull();
    expect(parseSortCriterion('a:b:desc')).toEqual({ kind: 'field', field: 'a:b', ascending: false });
  });
});
