import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteText } from '../../../src/json/byte-text.ts';
import { mergeSearchAnswers, readSearchAnswer } from '../../../src/search/merge/answer.ts';
import { renderHit } from '../../../src/search/merge/hit.ts';
import { hitSource } from '../../../src/search/merge/ranked-hit.ts';
import { windowOf } from '../../../src/search/merge/totals.ts';
import { parseReadSettings } from '../../../src/search/settings-view.ts';
import { plainView, searchQuery } from './fixtures.ts';
import { hitOf } from './raw-hits.ts';

/** Names that are easily taken for Meilisearch's own or for the end of the hits. */
const oddNames = [
  'query',
  'hits',
  '_formatted',
  '_rankingScoreDetails',
  '_matchesPosition',
  'é',
  '日本',
  '\u{1f600}',
  'a"b',
];

const name = fc.oneof(fc.constantFrom(...oddNames), fc.string({ unit: 'grapheme', maxLength: 6 }));
const number = fc.constantFrom('0', '-0.0', '9007199254740993', '1e-7', '18446744073709551615', '1.50', '1E400');
const string = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u00e9\\/"', '"],\\"query\\":\\"x"', '"\\\\"', '"\\ud83d\\ude00"', '"é日\u{1f600}"'),
);
const value = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    number,
    string,
    fc.constantFrom('null', 'true', '[]', '{}'),
    fc.array(tie('value'), { maxLength: 3 }).map((list) => `[${list.join(',')}]`),
    fc
      .array(fc.tuple(name, tie('value')), { maxLength: 3 })
      .map((list) => `{${list.map(([key, inner]) => `${JSON.stringify(key)}:${inner}`).join(',')}}`),
  ),
})).value;

/** A document as its members' texts, keys possibly twice, and where among them the node puts Miroir's own. */
const document = fc.record({
  members: fc.array(
    fc
      .tuple(name, value)
      .filter(([key]) => !key.startsWith('_miroir_'))
      .map(([key, text]) => `${JSON.stringify(key)}:${text}`),
    { maxLength: 5 },
  ),
  place: fc.nat(5),
  typos: fc.nat(3),
  node: fc.nat(2),
});

const stamp = (i: number) => String(i).padStart(4, '0');

describe('merging bytes', () => {
  it('shows every document as its members were written, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(document, { maxLength: 12 }), fc.string({ unit: 'binary' }), (documents, q) => {
        const ranked = documents.map((one, i) => ({ ...one, i })).sort((a, b) => a.typos - b.typos || a.i - b.i);
        const hitText = ({ members, place, typos, i }: (typeof ranked)[number]) => {
          const own = [`"_miroir_shard":"§"`, `"_miroir_version":"${stamp(i)}"`];
          const all = [...members.slice(0, place), ...own, ...members.slice(place), `"id":${i}`];
          return `{${all.join(',')},"_rankingScoreDetails":{"typo":{"order":0,"typoCount":${typos}}}}`;
        };
        const texts = [0, 1, 2].map((node) => {
          const hits = ranked.filter((one) => one.node === node).map(hitText);
          return `{"hits":[${hits.join(',')}],"query":${JSON.stringify(q)},"limit":20,"offset":0,"estimatedTotalHits":${hits.length}}`;
        });
        const settings = parseReadSettings(null);
        const query = searchQuery({ q });
        const merged = mergeSearchAnswers(
          texts.map((text) => readSearchAnswer(byteText(Buffer.from(text)))),
          {
            query,
            window: windowOf(query, settings.maxTotalHits),
            settings,
            view: plainView,
            primaryKey: 'id',
            distinct: null,
            countedDistinct: null,
            elapsedMs: 1,
          },
        );
        const shown = ranked.map(({ members, i }) => `{${[...members, `"id":${i}`].join(',')}}`);
        // unpaired surrogates do not exist in UTF-8
        const asSent = (text: string) => Buffer.from(text).toString();
        expect(merged.toString()).toBe(
          asSent(
            `{"hits":[${shown.join(',')}],"query":${JSON.stringify(q)},"processingTimeMs":1,"limit":20,"offset":0,"estimatedTotalHits":${ranked.length}}`,
          ),
        );
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('shows what highlighting and cropping add as it shows hits that are taken apart', () => {
    const view = { ...plainView, formatted: true };
    const own = ['"_miroir_shard":"§"', '"_miroir_version":"0001"'];
    const parts = fc.record({ document, added: fc.option(document), spaced: fc.boolean() });
    fc.assert(
      fc.property(parts, fc.boolean(), ({ document: one, added, spaced }, detailed) => {
        const mixed = ({ members, place }: typeof one) => [...members.slice(0, place), ...own, ...members.slice(place)];
        const all = [...mixed(one), '"id":1'];
        if (added !== null) all.push(`"_formatted":{${mixed(added).join(',')}}`);
        if (detailed) all.push('"_rankingScoreDetails":{"typo":{"order":0,"typoCount":1}}');
        const text = `{${all.join(spaced ? ' ,\n' : ',')}}`;
        const bytes = byteText(Buffer.from(`{"hits":[${text}],"query":"","limit":1,"estimatedTotalHits":1}`));
        const hit = hitSource(readSearchAnswer(bytes), { view, primaryKey: 'id' }).next()?.hit;
        const apart = renderHit(hitOf(Buffer.from(text).toString(), view), view);
        expect(hit && renderHit(hit, view)).toBe(apart);
        if (added !== null && detailed && !spaced) expect(hit?.whole?.(view)).toBe(apart);
        expect(hit?.whole?.(plainView)).toBeUndefined();
      }),
      { seed: 13, numRuns: 2_000 },
    );
  });

  it('reads long answers part by part as it reads them whole, wherever the parts end', () => {
    const filling = fc.tuple(
      fc.constantFrom('\\"', 'é', '}},{"', 'x', '\\\\'),
      fc.oneof(fc.nat(9_000), fc.nat(90_000)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(document, filling), { minLength: 5, maxLength: 60 }), (documents) => {
        const hits = documents.map(([{ members, typos }, [piece, length]], i) => {
          const filled = `"filling":${JSON.stringify(piece.repeat(length / piece.length))}`;
          const own = `"_miroir_shard":"§","_miroir_version":"${stamp(i)}","id":${i}`;
          const all = [...members, filled, own].join(i % 3 === 0 ? ' ,\n' : ',');
          return `{${all},"_rankingScoreDetails":{"typo":{"order":0,"typoCount":${typos}}}}`;
        });
        const text = `{"hits":[${hits.join(',')}],"query":"x","limit":60,"offset":0,"estimatedTotalHits":${hits.length}}`;
        const buffer = Buffer.from(text);
        const reading = { view: plainView, primaryKey: 'id' };
        const [whole, parts] = [byteText(buffer), buffer].map((bytes) => hitSource(readSearchAnswer(bytes), reading));
        for (let i = 0; i <= hits.length; i++) {
          const [expected, found] = [whole?.next(), parts?.next()];
          expect(found?.id).toBe(expected?.id);
          expect(found?.version).toBe(expected?.version);
          expect(found?.ranking).toEqual(expected?.ranking);
          expect(found?.hit.whole?.(plainView)).toBe(expected?.hit.whole?.(plainView));
        }
        expect(parts?.next()).toBeNull();
      }),
      { seed: 12, numRuns: 60 },
    );
  });

  it('refuses long answers that end too early', () => {
    const hit = JSON.stringify({ id: 1, text: 'x'.repeat(70_000), more: 'y'.repeat(70_000) });
    const whole = Buffer.from(`{"hits":[${hit},${hit}],"query":"","limit":2,"estimatedTotalHits":2}`);
    const answer = { ...readSearchAnswer(whole), bytes: whole.subarray(0, 250_000) };
    const source = hitSource(answer, { view: plainView, primaryKey: 'id' });
    expect(source.next()?.id).toBe('1');
    expect(() => source.next()).toThrow(SyntaxError);
    expect(() => readSearchAnswer(Buffer.from(hit))).toThrow(SyntaxError);
  });
});
