import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '../../src/errors/api-error.ts';
import { settingNames, settingTable } from '../../src/indexes/settings/names.ts';
import { parseSetting, parseSettings } from '../../src/indexes/settings/parse.ts';
import { type SettingsNode, startSettingsNode } from './settings-node.ts';

let node: SettingsNode;

beforeAll(async () => {
  node = await startSettingsNode();
  await node.run('POST', '/indexes', { uid: 'refused', primaryKey: 'id' });
});
afterAll(() => node.stop());

/** What a parser throws, as code and message; null when it takes the body. */
function refusal(parse: () => unknown): { code: string; message: string } | null {
  try {
    parse();
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** The server's refusal of the same body; null when it makes a task of it. */
async function serverRefusal(method: 'PUT' | 'PATCH', path: string, text: string) {
  const answer = await node.send(method, `/indexes/refused/settings${path}`, text);
  if (answer.status === 202) {
    await node.send('POST', `/tasks/cancel?uids=${answer.json.taskUid}`);
    return null;
  }
  return { code: answer.json.code, message: answer.json.message };
}

const oddValues = [
  '5',
  '-5',
  '1.5',
  '1e3',
  '"x"',
  'true',
  'null',
  '[]',
  '{}',
  '[5]',
  '["a",null]',
  '{"x":1}',
  '["a",["b"]]',
  '{"a":null}',
];

const bodies: Record<string, string[]> = {
  filterableAttributes: [
    '[{"features":{"facetSearch":true}}]',
    '[{"attributePatterns":"y"}]',
    '[{"attributePatterns":[1]}]',
    '[{"attributePatterns":["y"],"x":1}]',
    '[{"attributePatterns":["y"],"feature":1}]',
    '[{"attributePatterns":["y"],"features":{"x":1}}]',
    '[{"attributePatterns":["y"],"features":null}]',
    '[{"attributePatterns":["y"],"features":{"filter":{"equality":1}}}]',
    '[{"attributePatterns":["y"],"features":{"filter":{"equalty":true}}}]',
    '["a",{"attributePatterns":[]}]',
  ],
  rankingRules: [
    'x',
    'a',
    '_geo:asc',
    '_geoPoint:asc',
    '_geoPoint(1,2):asc',
    '_geoRadius:desc',
    '_geoBoundingBox(1):asc',
    '_geoDistance:asc',
    ':asc',
    'a:asc:desc',
    'Words',
    '_geo',
    '',
    'a.b:asc',
    '_geoRadius(1):asc',
    '_geoDistanceX:asc',
    'a:ASC',
    '_geo_x:asc',
    'asc',
    '_geoPointX:asc',
    '_geoPoint(a,b):asc',
    '_geoPoint(1:asc',
    'a:desc ',
    'é:desc',
    '_geoRadiusX:asc',
  ].map((rule) => JSON.stringify(['typo', rule])),
  synonyms: ['{"z":"b"}', '{"z":[1]}', '{"a b":[1]}', '{"10":[],"2":5}', '{"z":null}'],
  proximityPrecision: ['"byattribute"', '"byWord"', '"ByWords"'],
  prefixSearch: ['"Disabled"', '"indexingtime"'],
  typoTolerance: [
    '{"minWordSizeForTypos":{"oneTypo":10,"twoTypos":5}}',
    '{"minWordSizeForTypos":{"oneTypo":256}}',
    '{"minWordSizeForTypos":{"oneTypo":-1}}',
    '{"minWordSizeForTypos":{"oneTypos":1}}',
    '{"minWordSizeForTypos":5}',
    '{"enabled":5}',
    '{"disableOnWords":["a",5]}',
    '{"disableOnAttribute":[]}',
    '{"disableOnNumbers":"yes"}',
  ],
  faceting: [
    '{"sortFacetValuesBy":{"y":"x"}}',
    '{"sortFacetValuesBy":{"y":"counts"}}',
    '{"sortFacetValuesBy":{"y":null}}',
    '{"maxValuesPerFacet":-5}',
    '{"maxValuesPerFacets":5}',
    '{"maxValuesPerFacet":1.0}',
  ],
  pagination: [
    '{"maxTotalHits":0}',
    '{"maxTotalHits":-1}',
    '{"maxTotalHit":1}',
    '{"maxTotalHits":18446744073709551616}',
  ],
  searchCutoffMs: ['18446744073709551616', '1.0', '0'],
  localizedAttributes: [
    '[{"attributePatterns":["*"]}]',
    '[{"locales":["fra"]}]',
    '[{"attributePatterns":["*"],"locales":["xx"]}]',
    '[{"attributePatterns":["*"],"locales":["frab"]}]',
    '[{"attributePatterns":["*"],"locales":"fra"}]',
    '[{"attributePatterns":["*"],"locales":["fra"],"x":1}]',
    '[{"attributePatterns":["*"],"locales":[5]}]',
    '[{"7":1,"locales":[],"attributePatterns":[]}]',
  ],
  embedders: [
    '{"b":{"source":"x"}}',
    '{"b":{"source":"openai"}}',
    '{"b":{"foo":"x"}}',
    '{"b":{"dimension":4}}',
    '{"b":{"source":"userProvided"}}',
    '{"b":{"source":"userProvided","dimensions":0}}',
    '{"b":{"source":"userProvided","dimensions":null}}',
    '{"b":{"source":"userProvided","dimensions":3,"model":null}}',
    '{"z":{"source":"composite"},"e":{"source":"userProvided"}}',
    '{"z":{"source":"userProvided"},"e":{"source":"ollama"}}',
    '{"e":{"source":"openAi","dimensions":5000}}',
    '{"e":{"source":"openAi","model":"text-embedding-3-large","dimensions":5000}}',
    '{"e":{"source":"openAi","model":"text-embedding-3-small","dimensions":5000}}',
    '{"e":{"source":"openAi","model":"text-embedding-ada-002","dimensions":50}}',
    '{"e":{"source":"openAi","model":"gpt"}}',
    '{"e":{"documentTemplate":"x","documentTemplateMaxBytes":0}}',
    '{"e":{"url":"zz","dimensions":0,"documentTemplate":"x","documentTemplateMaxBytes":0}}',
    '{"e":{"url":"zz","dimensions":0}}',
    '{"e":{"url":"zz","request":5}}',
    '{"e":{"request":5}}',
    '{"e":{"request":{"a":["{{fragment}}"]},"source":"openAi"}}',
    '{"e":{"source":"rest","url":"http://a"}}',
    '{"e":{"source":"rest","url":"http://a","request":"{{text}}"}}',
    '{"e":{"distribution":{"mean":0.5}}}',
    '{"e":{"distribution":{"sigma":0.5}}}',
    '{"e":{"distribution":{"mean":"a","sigma":1}}}',
    '{"e":{"distribution":{"mean":0.5,"sigma":0.1,"x":1}}}',
    '{"e":{"distribution":{"mean":5,"sigma":1}}}',
    '{"e":{"distribution":{"mean":0.5,"sigma":-1}}}',
    '{"e":{"distribution":{"mean":1.5,"sigma":0}}}',
    '{"e":{"distribution":{"mean":0.5,"sigma":0}}}',
    '{"e":{"distribution":{"mean":-0.5,"sigma":2}}}',
    '{"e":{"searchEmbedder":{"distribution":5}}}',
    '{"e":{"indexingEmbedder":{"indexingFragments":5}}}',
    '{"e":{"headers":{"a":5}}}',
    '{"e":{"indexingFragments":{"a":5}}}',
    '{"e":{"indexingFragments":{"a":{"x":5}}}}',
    '{"e":{"indexingFragments":{"a":{"value":5,"x":1}}}}',
    '{"e":{"searchFragments":{"a":null}}}',
    '{"e":{"searchEmbedder":{"source":"x"}}}',
    '{"e":{"searchEmbedder":{"foo":"x"}}}',
    '{"e":{"searchEmbedder":{"searchEmbedder":5,"binaryQuantized":5}}}',
    '{"e":{"source":"composite"}}',
    ...[
      '',
      'a',
      'http://',
      'http:',
      'http:///x',
      'http://a:99999',
      'http://[::1',
      'http://a b',
      'mailto:x',
      '//x',
      '/x',
      'http://256.1.1.1',
      'http://1.2.3.4.5',
      'foo:bar',
      'http://user@/',
      '1http://a',
      'http://a:b/',
      'http://[::1]:x',
    ].map((url) => JSON.stringify({ e: { source: 'openAi', url } })),
    ...[
      'model',
      'revision',
      'pooling',
      'apiKey',
      'url',
      'indexingFragments',
      'searchFragments',
      'request',
      'response',
      'headers',
      'searchEmbedder',
      'indexingEmbedder',
      'documentTemplate',
      'documentTemplateMaxBytes',
      'binaryQuantized',
      'distribution',
    ].flatMap((field) =>
      ['openAi', 'huggingFace', 'ollama', 'userProvided', 'rest'].map((source) =>
        JSON.stringify({ e: { source, [field]: null } }),
      ),
    ),
  ],
  chat: [
    '{"description":5}',
    '{"description":"x"}',
    '{"documentTemplate":5}',
    '{"documentTemplateMaxBytes":"a"}',
    '{"searchParameters":{"x":1}}',
    '{"searchParameters":{"limit":"a"}}',
    '{"searchParameters":{"matchingStrategy":"al"}}',
    '{"prompt":1}',
  ],
  vectorStore: ['"x"', '"stable"', '"Stable"'],
};

const whole = [
  ...oddValues,
  '{"stopWords":5,"displayedAttributes":6}',
  '{"foo":5,"displayedAttributes":6}',
  '{"stopWord":5}',
  '{"displayedAttributes":6,"foo":5}',
  '{"stopWords":5,"stopWords":[]}',
  '{"chat":{"description":"x"},"vectorStore":"stable"}',
  '{"chat":{"description":"x"},"embedders":{"z":{"source":"userProvided"}}}',
  '{"embedders":{"z":{"source":"composite"}},"chat":{"description":"x"}}',
  '{"rankingRules":["x"],"embedders":{"z":{"source":"composite"}}}',
];

describe('bodies that Meilisearch refuses', () => {
  test.each(settingTable.map((info) => [info.name, info] as const))('%s on its own route', async (name, info) => {
    const ours: unknown[] = [];
    const theirs: unknown[] = [];
    for (const text of [...oddValues, ...(bodies[name] ?? [])]) {
      ours.push([text, refusal(() => parseSetting(name, JSON.parse(text), text))]);
      theirs.push([text, await serverRefusal(info.method, `/${info.segment}`, text)]);
    }
    expect(ours).toEqual(theirs);
  });

  test.each(settingNames.map((name) => [name]))('%s among all settings', async (name) => {
    const ours: unknown[] = [];
    const theirs: unknown[] = [];
    for (const value of [...oddValues, ...(bodies[name] ?? [])]) {
      const text = `{ "${name}": ${value} }`;
      ours.push([text, refusal(() => parseSettings(JSON.parse(text), text))]);
      theirs.push([text, await serverRefusal('PATCH', '', text)]);
    }
    expect(ours).toEqual(theirs);
  });

  test('whole bodies', async () => {
    const ours: unknown[] = [];
    const theirs: unknown[] = [];
    for (const text of whole) {
      ours.push([text, refusal(() => parseSettings(JSON.parse(text), text))]);
      theirs.push([text, await serverRefusal('PATCH', '', text)]);
    }
    expect(ours).toEqual(theirs);
  });
});
