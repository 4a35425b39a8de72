import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rewriteNodeError } from '../../src/indexes/error-rewrite.ts';
import { toPhysicalPatch } from '../../src/indexes/settings/physical.ts';
import { type SettingsNode, startSettingsNode } from './settings-node.ts';

let node: SettingsNode;

beforeAll(async () => {
  node = await startSettingsNode();
});
afterAll(() => node.stop());

const granular = (patterns: string[], facetSearch: boolean, equality: boolean, comparison: boolean) => ({
  attributePatterns: patterns,
  features: { facetSearch, filter: { equality, comparison } },
});

/** Settings of clients, from none to every kind of rule. */
const cases = {
  none: { sortableAttributes: ['a', 'secret'] },
  plain: { filterableAttributes: ['b', 'a'], sortableAttributes: ['a'] },
  granular: {
    filterableAttributes: [
      'a',
      granular(['c.*', 'b'], false, true, false),
      granular(['z*'], true, false, false),
      granular(['n'], true, false, true),
      granular(['_a'], false, true, true),
    ],
    sortableAttributes: ['n'],
  },
  hidden: {
    displayedAttributes: ['a', 'id'],
    filterableAttributes: ['b', 'a', granular(['z*'], true, true, false), granular(['y*'], false, false, false)],
    sortableAttributes: ['a', 'secret'],
    searchableAttributes: ['b', 'a', 'secret'],
  },
  allHidden: {
    displayedAttributes: ['id'],
    filterableAttributes: ['b', 'a'],
    sortableAttributes: ['a', 'b'],
    searchableAttributes: ['b', 'a'],
  },
  noneDisplayed: {
    displayedAttributes: [],
    filterableAttributes: ['b'],
    sortableAttributes: ['b'],
    searchableAttributes: ['b'],
  },
  pattern: { filterableAttributes: [granular(['*'], false, true, false)] },
  nothing: { filterableAttributes: [granular(['*'], false, false, false)], displayedAttributes: ['a'] },
};

const documents = [1, 2, 3].map((id) => ({
  id,
  a: id,
  b: `x${id}`,
  c: { d: id },
  n: id,
  zz: 'z',
  yy: id,
  secret: 's',
  _geo: { lat: 1, lng: 2 },
}));

const attribute = fc.constantFrom(
  'a',
  'b',
  'c.d',
  'c',
  'n',
  'zz',
  'z1',
  'yy',
  'nope',
  'id',
  '_a',
  'é',
  '"x y"',
  'secret',
);
const comparison = fc
  .tuple(
    attribute,
    fc.constantFrom(
      '= 1',
      '!= x',
      '> 1',
      '<= 2',
      '1 TO 2',
      'IN [1, 2]',
      'NOT IN [x]',
      'EXISTS',
      'IS NULL',
      'IS EMPTY',
      'STARTS WITH x',
      '>',
      '=',
      'CONTAINS x',
    ),
  )
  .map(([name, operation]) => `${name} ${operation}`);
const expression = fc.oneof(
  { weight: 4, arbitrary: comparison },
  fc.array(comparison, { minLength: 2, maxLength: 3 }).map((parts) => parts.join(' AND ')),
  fc.array(comparison, { minLength: 2, maxLength: 3 }).map((parts) => `NOT (${parts.join(' OR ')})`),
  fc.constantFrom(
    '_geoRadius(1, 2, 3)',
    '_geoBoundingBox([1, 2], [3, 4])',
    '_geoPoint(1,2)',
    '_geo = 1',
    'a = (1',
    '_vectors EXISTS',
  ),
);
const filter = fc.oneof(
  expression,
  fc.array(fc.oneof(expression, fc.array(expression, { maxLength: 2 })), { maxLength: 3 }),
);
const sort = fc.array(
  fc.oneof(
    attribute.map((name) => `${name}:asc`),
    fc.constantFrom('a', '_geoPoint(1,2):asc', '_geo:desc', 'nope:desc'),
  ),
  { minLength: 1, maxLength: 2 },
);
const plainName = attribute.map((name) => name.replaceAll('"', ''));

/** Requests of which many are wrong, as path below the index and body. */
const request = fc.oneof(
  filter.map((value) => ['/search', { filter: value }] as const),
  fc.array(plainName, { minLength: 1, maxLength: 3 }).map((facets) => ['/search', { facets }] as const),
  plainName.map((distinct) => ['/search', { distinct }] as const),
  sort.map((value) => ['/search', { sort: value }] as const),
  fc
    .array(plainName, { minLength: 1, maxLength: 2 })
    .map((names) => ['/search', { q: 'x', attributesToSearchOn: names }] as const),
  plainName.map((facetName) => ['/facet-search', { facetName }] as const),
  fc.tuple(plainName, filter).map(([facetName, value]) => ['/facet-search', { facetName, filter: value }] as const),
  filter.map((value) => ['/documents/fetch', { filter: value }] as const),
  sort.map((value) => ['/documents/fetch', { sort: value }] as const),
  filter.map((value) => ['/documents/delete', { filter: value }] as const),
  fc
    .tuple(sort, filter)
    .map(([by, value]) => ['/search', { sort: by, filter: value, hybrid: { embedder: 'none' } }] as const),
  fc.constantFrom(
    ['/search', { hybrid: { embedder: 'none' }, q: 'x' }] as const,
    ['/similar', { id: 1, embedder: 'none' }] as const,
  ),
);

describe.each(Object.entries(cases))('errors under settings: %s', (name, settings) => {
  const plain = `plain-${name}`;
  const physical = `${plain}__7`;
  const displayedAttributes = (settings as { displayedAttributes?: string[] }).displayedAttributes;
  const context = { physicalUid: physical, logicalUid: plain, ...(displayedAttributes ? { displayedAttributes } : {}) };

  beforeAll(async () => {
    for (const uid of [plain, physical]) {
      await node.run('POST', '/indexes', { uid, primaryKey: 'id' });
      const body = uid === physical ? toPhysicalPatch({ filterableAttributes: null, ...settings }) : settings;
      expect((await node.run('PATCH', `/indexes/${uid}/settings`, body)).error).toBeNull();
    }
  });
  // some requests delete documents
  beforeEach(async () => {
    for (const uid of [plain, physical]) {
      const marked = documents.map((d) => ({ ...d, _miroir_shard: '§¶', _miroir_version: '¡§' }));
      const stored = uid === physical ? marked : documents;
      expect((await node.run('POST', `/indexes/${uid}/documents`, stored)).error).toBeNull();
    }
  });

  /** The error of a request, from its answer or from its task; null when there is none. */
  async function errorOf(uid: string, path: string, body: unknown) {
    const answer = await node.send('POST', `/indexes/${uid}${path}`, body);
    if (answer.status === 200) return null;
    if (answer.status !== 202) return { status: answer.status, error: answer.json };
    const task = await node.wait(answer.json.taskUid);
    return task.error === null ? null : { status: 202, error: task.error };
  }

  test('are those of one server', { timeout: 120_000 }, async () => {
    const wrong: unknown[] = [];
    const right: unknown[] = [];
    for (const [path, body] of fc.sample(request, { seed: 5, numRuns: 220 })) {
      const theirs = await errorOf(plain, path, body);
      const ours = await errorOf(physical, path, body);
      wrong.push([path, body, ours === null ? null : { ...ours, error: rewriteNodeError(ours.error, context) }]);
      right.push([path, body, theirs]);
    }
    expect(wrong).toEqual(right);
    expect(right.filter((entry) => (entry as unknown[])[2] !== null).length).toBeGreaterThan(60);
  });

  test('are those of one server inside multi-search', async () => {
    for (const query of [
      { filter: 'nope = 1' },
      { facets: ['nope'] },
      { sort: ['nope:asc'] },
      { distinct: 'nope' },
      { filter: 'b > 1' },
    ]) {
      const ask = async (uid: string, federation: object) =>
        (await node.send('POST', '/multi-search', { ...federation, queries: [{ indexUid: uid, ...query }] })).json;
      const federations = 'facets' in query ? [{}] : [{}, { federation: {} }];
      for (const federation of federations) {
        const theirs = await ask(plain, federation);
        if (theirs.message === undefined) continue;
        expect(rewriteNodeError(await ask(physical, federation), context)).toEqual(theirs);
      }
    }
    const federated = async (uid: string) =>
      (
        await node.send('POST', '/multi-search', {
          federation: { facetsByIndex: { [uid]: ['nope'] } },
          queries: [{ indexUid: uid }],
        })
      ).json;
    const theirs = await federated(plain);
    if (theirs.message !== undefined) expect(rewriteNodeError(await federated(physical), context)).toEqual(theirs);
  });

  test('show no marker when a template cannot be filled in', async () => {
    const embedders = {
      e: {
        source: 'rest',
        url: 'http://127.0.0.1:9',
        request: '{{text}}',
        response: '{{embedding}}',
        dimensions: 2,
        documentTemplate: '{{doc.missing}}',
      },
    };
    const ask = async (uid: string) => (await node.run('PATCH', `/indexes/${uid}/settings`, { embedders })).error!;
    expect(rewriteNodeError(await ask(physical), context)).toEqual(await ask(plain));
  });
});
