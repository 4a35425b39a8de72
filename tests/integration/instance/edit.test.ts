// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are scripts of another language
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/indexes/settings/order.ts';
import { adminKey, type Cluster, type ClusterOptions, startCluster } from '../../support/cluster.ts';
import { type RawRequest, type Server, send, sendJson } from '../../support/http.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import { parseRaw, printRaw } from '../../support/raw-json.ts';
import { ask, ended, run } from './support.ts';

const path = '/indexes/m/documents/edit';

const documents = [
  '{"id":1,"a":9007199254740993,"b":1.0,"c":[1,2,{"x":null}],"tags":["x","y"]}',
  '{"id":2,"a":1.50,"big":123456789012345678901234567890,"e":1e3,"nested":{"deep":{"k":"v"}}}',
  ...Array.from({ length: 40 }, (_, i) => `{"id":"d-${i}","n":${i},"tags":["${i % 3}"],"name":"n ${i}"}`),
];

/** Scripts that succeed, in the order in which they are run. */
const edits: Record<string, unknown>[] = [
  { function: 'doc.z = 1' },
  { function: '' },
  { function: '// nothing' },
  { function: 'doc = #{id: doc.id, n: doc.n, tags: doc.tags, whole: true}', filter: 'n > 35' },
  { function: 'doc = ()', filter: 'n IN [4, 5, 6, 7]' },
  { function: 'if doc.id == 1 { doc = () }', filter: ['id IN [1, 2]'] },
  { function: 'doc.keys = doc.keys(); doc.len = doc.len()' },
  { function: 'let names = []; for (v, i) in doc.keys() { names.push(v); } doc.names = names' },
  { function: 'if doc.n == () { return; }\ndoc.n += 1; if doc.n > 20 { return 5 }\ndoc.early = false' },
  { function: 'return', filter: 'n < 4' },
  { function: 'fn f(x) { if x > 3 { return x * 2 } x } doc.double = f(doc.n)', filter: 'n > 0' },
  { function: 'fn f(x) { return `${x}!` }\nif doc.n == () { return }\nprivate fn g(x) { f(x) }\ndoc.s = g(doc.n)' },
  { function: 'doc.ctx = context.k; doc.deep = context', context: { k: [1, 2.5, 'x', null], o: { p: true } } },
  { function: 'if doc.n == context.n { doc.hit = context.word; return }', context: { n: 3, word: 'é"\\' } },
  { function: 'doc.clear(); doc.id = context.id', filter: 'id = 2', context: { id: 2 } },
  { function: 'let f = |x| x + 1; doc.closure = f.call(1); doc += #{merged: [()]}' },
  { function: 'doc.x = 1', filter: ['n > 1', ['n < 5', 'n = 9']] },
  { function: 'doc.x = 2', filter: 'n > 100000' },
  { function: 'doc.title = #"raw " text"#; doc.when = `at ${doc.id}`', filter: null, context: null },
];

/** Documents that the edits leave. */
const left = documents.length - 5;

/** Tasks that fail. */
const failing: Record<string, unknown>[] = [
  { function: 'throw "x"', filter: 'id = d-1' },
  { function: 'doc.z = 1;\n  throw "x"', filter: 'id = d-1' },
  { function: 'if false { return }\nthrow "x"', filter: 'id = d-1' },
  { function: 'doc.nope.foo()', filter: 'id = d-1' },
  { function: 'fn f(x) { x.foo() }\ndoc.a = f(3)', filter: 'id = d-1' },
  { function: 'let f = |x| x.foo();\ndoc.a = f.call(3)', filter: 'id = d-1' },
  { function: 'doc.ctx = context', filter: 'id = d-1' },
  { function: 'context.a = 1', filter: 'id = d-1', context: { a: 2 } },
  { function: 'doc = 5', filter: 'id = d-1' },
  { function: 'let doc = 5', filter: 'id = d-1' },
  { function: 'doc.id = 7', filter: 'id = d-1' },
  { function: 'doc.remove("id")', filter: 'id = d-1' },
  { function: 'doc.x = 1', filter: 'nope = 2' },
];

const refused: string[] = [
  '{}',
  '{"function":1}',
  '{"function":"doc.a +"}',
  '{"function":"doc.a +","filter":"id ="}',
  '{"function":"fn"}',
  '{"function":"break"}',
  '{"function":"doc.x = 1 doc.y = 2"}',
  '{"function":"this.z = 1"}',
  '{"function":"\\n\\n doc.(1)"}',
  '{"function":"doc.a = 1","filter":"id ="}',
  '{"function":"doc.a = 1","filter":""}',
  '{"function":"doc.a = 1","filter":[]}',
  '{"function":"doc.a = 1","filter":5}',
  '{"function":"doc.a = 1","filter":[[5]]}',
  '{"function":"doc.a = 1","context":[1]}',
  '{"function":"doc.a = 1","context":"x"}',
  '{"function":"doc.a = 1","context":[1],"filter":"id ="}',
  '{"function":"doc.a = 1","contex":{}}',
];

const headers = { 'content-type': 'application/json' };

async function load(server: Server): Promise<void> {
  await sendJson(server, 'PATCH', '/experimental-features', { editDocumentsByFunction: true });
  await run(server, 'PATCH', '/indexes/m/settings', { filterableAttributes: ['id', 'n', 'tags'] });
  const body = `[${documents.join(',')}]`;
  const added = await send(server, { method: 'POST', path: '/indexes/m/documents', body, headers });
  await ended(server, (JSON.parse(added.text) as { taskUid: number }).taskUid);
}

/** An answer with its numbers as they are spelled; nodes number fields by arrival, so the order of keys is theirs. */
const raw = async (server: Server, method: RawRequest['method'], at: string) =>
  printRaw(parseRaw((await send(server, { method, path: at })).text), true);

async function result(server: Server, body: Record<string, unknown>) {
  const { status, type, details, error } = await run(server, 'POST', path, body);
  return { body, status, type, details, error };
}

const layouts: Record<string, ClusterOptions> = {
  'one copy': { nodes: 2, shards: 8 },
  'two copies on three nodes': { nodes: 3, replicationFactor: 2, shards: 4 },
};

describe.each(Object.entries(layouts))('editing by function, %s', (_, layout) => {
  let oracle: Oracle;
  let cluster: Cluster;
  beforeAll(async () => {
    [oracle, cluster] = await Promise.all([startOracle(), startCluster(layout)]);
    const off = '{"function":"doc.a +"}';
    expect(await ask(cluster, 'POST', path, off)).toBe(await ask(oracle, 'POST', path, off));
    await Promise.all([load(oracle), load(cluster)]);
  });
  afterAll(async () => {
    await Promise.all([oracle?.stop(), cluster?.stop()]);
  });

  it('changes documents as one server does', async () => {
    for (const body of edits) {
      expect(await result(cluster, body)).toEqual(await result(oracle, body));
      for (const view of ['/indexes/m/documents?limit=100', '/indexes/m/documents?limit=100&filter=n%20%3E%203']) {
        expect([body, await raw(cluster, 'GET', view)]).toEqual([body, await raw(oracle, 'GET', view)]);
      }
    }
    const search = '/indexes/m/search?q=n&limit=50&attributesToRetrieve=id,n';
    const hits = async (server: Server) => (await raw(server, 'GET', search)).replace(/"processingTimeMs":\d+/, '');
    expect(await hits(cluster)).toBe(await hits(oracle));
  }, 1_200_000);

  it('fails with the errors of one server, and changes nothing', async () => {
    const before = await raw(cluster, 'GET', '/indexes/m/documents?limit=100');
    for (const body of failing) expect(await result(cluster, body)).toEqual(await result(oracle, body));
    const missing = await run(cluster, 'POST', '/indexes/none/documents/edit', { function: 'doc.x = 1' });
    expect({ ...missing.error, details: missing.details }).toMatchObject({
      code: 'index_not_found',
      details: { editedDocuments: 0, deletedDocuments: null, originalFilter: null, context: null },
    });
    expect(await raw(cluster, 'GET', '/indexes/m/documents?limit=100')).toBe(before);
  }, 1_200_000);

  it('keeps its fields whatever the function tries', async () => {
    const tries = [
      'doc._miroir_shard = "x"; doc["_miroir" + "_version"] = 5',
      'doc.e = 1; Fn("exit").call(); doc.e = 2',
      'doc.e = 1; [1].map("ex" + "it")',
      'doc += #{"_miroir_other": 1}',
    ];
    for (const script of tries) {
      const failed = await run(cluster, 'POST', path, { function: script });
      expect([script, failed.status]).toEqual([script, 'failed']);
      expect(failed.error?.code).toBe('edit_documents_by_function_error');
    }
    expect(await ask(cluster, 'POST', path, '{"function":"miroir_shard = 1"}')).toContain('miroir_not_supported');
  }, 1_200_000);

  it('leaves copies equal and in sync when a function fails for some documents only', async () => {
    const some = { function: 'if doc.n == 20 { throw "no" } doc.partly = true', filter: 'n > 10' };
    expect((await run(cluster, 'POST', path, some)).status).toBe('failed');
    const admin = { authorization: `Bearer ${adminKey}` };
    const topology = await (await fetch(`${cluster.address}/_miroir/topology`, { headers: admin })).text();
    expect(topology).toContain('staleCopies');
    expect(topology).not.toContain('did not follow');
  }, 1_200_000);

  it('refuses at once what one server refuses at once', async () => {
    for (const body of refused) {
      const [ours, theirs] = [await ask(cluster, 'POST', path, body), await ask(oracle, 'POST', path, body)];
      expect([body, ours]).toEqual([body, theirs]);
    }
    const bad = '/indexes/b%20d/documents/edit';
    for (const body of refused.slice(0, 3)) {
      expect(await ask(cluster, 'POST', bad, body)).toBe(await ask(oracle, 'POST', bad, body));
    }
    expect(await ask(cluster, 'POST', path, '{"function":"exit()"}')).toContain('miroir_not_supported');
  });

  it('leaves every stored document with its shard and a newer version, equal on all copies', async () => {
    const versions = new Map<string, Set<string>>();
    for (const node of cluster.nodes) {
      const server = { address: node.address, masterKey: 'the-nodes-own-master-key' };
      const { results } = await sendJson<{ results: { uid: string }[] }>(server, 'GET', '/indexes');
      for (const { uid } of results) {
        const list = await sendJson<{ results: Record<string, unknown>[] }>(
          server,
          'GET',
          `/indexes/${uid}/documents?limit=1000`,
        );
        for (const document of list.results) {
          expect(document).toMatchObject({ _miroir_shard: expect.any(String), _miroir_version: expect.any(String) });
          const id = String(document.id);
          versions.set(id, (versions.get(id) ?? new Set()).add(canonicalJson(document)));
        }
      }
    }
    expect(versions.size).toBe(left);
    for (const copies of versions.values()) expect(copies.size).toBe(1);
  });
});
