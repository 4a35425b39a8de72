import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { compareSides, type Side } from '../../../src/repair/compare.ts';
import { bucketCount, bucketOf, createFingerprint, groupBuckets } from '../../../src/repair/fingerprint.ts';

beforeAll(initHash);

type Documents = Map<string, number>;
const documents = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 3 })), { maxLength: 300 })
  .map((list): Documents => new Map(list.map(([id, value]) => [String(id), value])));

function sideOf(held: Documents, readings: { count: number }): Side {
  return {
    async *read() {
      readings.count++;
      const all = [...held].map(([id, value]) => ({ id, raw: `{"id":${id},"v":${value}}` }));
      for (let from = 0; from < all.length; from += 7) yield all.slice(from, from + 7);
    },
  };
}

describe('comparing two sides', () => {
  test.each([1_000, 20, 1])('finds exactly what differs, with room for %i documents', async (room) => {
    await fc.assert(
      fc.asyncProperty(documents, documents, async (source, target) => {
        const readings = { count: 0 };
        const healed = new Map(target);
        const told: string[] = [];
        await compareSides(sideOf(source, readings), sideOf(target, readings), room, {
          async missing({ id }) {
            told.push(id);
            healed.set(id, source.get(id) ?? -1);
          },
          async extra(ids) {
            for (const id of ids) {
              told.push(id);
              healed.delete(id);
            }
          },
        });
        expect(new Map([...healed].sort())).toEqual(new Map([...source].sort()));
        const ids = new Set([...source.keys(), ...target.keys()]);
        const wrong = [...ids].filter((id) => source.get(id) !== target.get(id));
        expect(told.sort()).toEqual(wrong.sort());
        if (target.size <= room) expect(readings.count).toBe(2);
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  test('reads equal sides once each, however little fits into memory', async () => {
    const held = new Map(Array.from({ length: 500 }, (_, i) => [String(i), i % 5]));
    const readings = { count: 0 };
    const never = async () => expect.unreachable();
    await compareSides(sideOf(held, readings), sideOf(held, readings), 10, { missing: never, extra: never });
    expect(readings.count).toBe(2);
  });
});

describe('fingerprints', () => {
  test('do not depend on the order, and differ just in the buckets of what differs', () => {
    fc.assert(
      fc.property(documents, documents, (a, b) => {
        const fold = (entries: Iterable<[string, number]>) => {
          const print = createFingerprint();
          for (const [id, value] of entries) print.add(id, BigInt(value));
          return print;
        };
        expect(fold(a).differing(fold([...a].reverse()))).toEqual([]);
        const wrong = [...new Set([...a.keys(), ...b.keys()])].filter((id) => a.get(id) !== b.get(id));
        const buckets = [...new Set(wrong.map(bucketOf))].sort((x, y) => x - y);
        expect(fold(a).differing(fold(b))).toEqual(buckets);
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  test('groups of buckets hold each bucket once and no more documents than fit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: bucketCount, maxLength: bucketCount }),
        fc.integer({ min: 1, max: 200 }),
        (counts, most) => {
          const buckets = counts.map((_, bucket) => bucket);
          const groups = groupBuckets(buckets, (bucket) => counts[bucket] ?? 0, most);
          expect(groups.flatMap((group) => [...group])).toEqual(buckets);
          for (const group of groups) {
            const held = [...group].reduce((sum, bucket) => sum + (counts[bucket] ?? 0), 0);
            expect(group.size === 1 || held <= most).toBe(true);
          }
        },
      ),
      { seed: 5, numRuns: 100 },
    );
  });
});
