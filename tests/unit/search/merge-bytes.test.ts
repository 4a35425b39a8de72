import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bufferOf, byteText } from '../../../src/json/byte-text.ts';
import { mergeSearchAnswers, readSearchAnswer } from '../../../src/search/merge/answer.ts';
import { windowOf } from '../../../src/search/merge/totals.ts';
import { parseReadSettings } from '../../../src/search/settings-view.ts';
import { plainView, searchQuery } from './fixtures.ts';

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
        expect(bufferOf(merged).toString()).toBe(
          asSent(
            `{"hits":[${shown.join(',')}],"query":${JSON.stringify(q)},"processingTimeMs":1,"limit":20,"offset":0,"estimatedTotalHits":${ranked.length}}`,
          ),
        );
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});
