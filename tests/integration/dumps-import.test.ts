import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { writeArchive } from '../../src/dumps/archive.ts';
import { elements } from '../../src/json/scan.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type Server, send, sendJson, waitForTask, write } from '../support/http.ts';
import { temporaryFolder } from '../support/processes.ts';
import { createKeys, fill } from './dumps-data.ts';
import { asOperator, dumpsOf, filesIn, makeDump, startPlain, upload } from './dumps-support.ts';

let cluster: Cluster;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** The dump of a plain server with everything in it. */
let dump: Buffer;
let original: Map<string, string>;

const get = async (server: Server, path: string) => (await send(server, { method: 'GET', path })).text;

/** What must be the same in the cluster as in the server that the dump is of. */
async function contents(server: Server): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const uid of ['books', 'shapes', 'empty']) {
    found.set(`settings of ${uid}`, await get(server, `/indexes/${uid}/settings`));
    const index = JSON.parse(await get(server, `/indexes/${uid}`)) as { primaryKey: string | null };
    found.set(`primary key of ${uid}`, String(index.primaryKey));
    const list = await get(server, `/indexes/${uid}/documents?limit=1000&retrieveVectors=true`);
    found.set(`documents of ${uid}`, elements(list, '{"results":'.length).join('\n'));
  }
  return found;
}

/** An archive made by hand. */
async function archive(entries: Parameters<typeof writeArchive>[0]): Promise<Buffer> {
  const name = createHash('sha256')
    .update(JSON.stringify([...entries]))
    .digest('hex');
  const target = join(folder.path, name);
  await writeArchive(entries, { target, temporary: `${target}.new`, signal: new AbortController().signal });
  return readFile(target);
}

const metadata = {
  path: 'metadata.json',
  text: '{"dumpVersion":"V6","dbVersion":"1.21.0","dumpDate":"2025-01-01T00:00:00Z"}',
};
const indexOf = (uid: string, primaryKey: string | null = 'id') => ({
  path: `indexes/${uid}/metadata.json`,
  text: JSON.stringify({ uid, primaryKey, createdAt: '2025-01-01T00:00:00Z', updatedAt: '2025-01-01T00:00:00Z' }),
});
const documentsOf = (uid: string, text: string) => ({ path: `indexes/${uid}/documents.jsonl`, text });

beforeAll(async () => {
  folder = await temporaryFolder('dumps');
  const [plain, started] = await Promise.all([startPlain(), startCluster({ nodes: 2, shards: 8 })]);
  cluster = started;
  try {
    await fill(plain);
    await createKeys(plain);
    dump = await readFile(await makeDump(plain, plain.dumps));
    original = await contents(plain);
    original.set('keys', await get(plain, '/keys?limit=100'));
  } finally {
    await plain.stop();
  }
}, 240_000);

afterAll(async () => {
  await cluster?.stop();
  await folder?.remove();
});

/** Delete every index, so that each test begins with an empty cluster. */
afterEach(async () => {
  const { results } = await sendJson<{ results: { uid: string }[] }>(cluster, 'GET', '/indexes?limit=100');
  for (const { uid } of results) await write(cluster, { method: 'DELETE', path: `/indexes/${uid}` });
});

describe('importing the dump of a plain server', () => {
  test('brings every document, setting and key over unchanged, in one task that tells how far it is', async () => {
    const task = await waitForTask(cluster, await upload(cluster, dump));
    expect(task).toMatchObject({ type: 'dumpImport', indexUid: null, status: 'succeeded', error: null });
    const total = [...original]
      .filter(([name]) => name.startsWith('documents'))
      .flatMap(([, text]) => text.split('\n'));
    const count = total.filter((line) => line !== '').length;
    expect(task.details).toEqual({
      file: 'upload',
      phase: 'done',
      indexes: 3,
      importedIndexes: 3,
      importedDocuments: count,
      totalDocuments: count,
      importedKeys: 6,
    });
    const found = await contents(cluster);
    for (const [name, text] of found) expect(text, name).toBe(original.get(name));
    const keysOf = (text: string | undefined) => (JSON.parse(text ?? '{}') as { results: { uid: string }[] }).results;
    const known = keysOf(await get(cluster, '/keys?limit=100'));
    expect(known).toEqual(expect.arrayContaining(keysOf(original.get('keys'))));
    expect(await filesIn(dumpsOf(cluster))).toEqual([]);
  });

  test('skips keys that are there, and takes a file from the folder of dumps', async () => {
    await mkdir(dumpsOf(cluster), { recursive: true });
    await writeFile(join(dumpsOf(cluster), 'mine.dump'), dump);
    const answer = await asOperator(cluster, '/_miroir/dumps/import', '{"path":"mine.dump"}', 'application/json');
    expect(answer.status).toBe(202);
    const { taskUid, type } = JSON.parse(answer.text) as { taskUid: number; type: string };
    expect(type).toBe('dumpImport');
    const task = await waitForTask(cluster, taskUid);
    expect(task.status).toBe('succeeded');
    expect(task.details).toMatchObject({ file: 'mine.dump', importedKeys: 0 });
    expect(await filesIn(dumpsOf(cluster))).toEqual(['mine.dump']);
  });

  test('the dump of the cluster itself comes back unchanged', async () => {
    await waitForTask(cluster, await upload(cluster, dump));
    const before = await contents(cluster);
    const own = await readFile(await makeDump(cluster, dumpsOf(cluster)));
    const task = await waitForTask(cluster, await upload(cluster, own, '?onConflict=replace'));
    expect(task.status, JSON.stringify(task.error)).toBe('succeeded');
    const after = await contents(cluster);
    for (const [name, text] of before) expect(text, name).toBe(after.get(name));
  });
});

describe('indexes that exist already', () => {
  const small = () => archive([documentsOf('a', '{"id":1,"from":"dump"}\n'), indexOf('b'), metadata, indexOf('a')]);
  const addOwn = () =>
    write(cluster, { method: 'POST', path: '/indexes/a/documents', body: '[{"id":1,"from":"before"},{"id":2}]' });
  const list = async (uid: string) => elements(await get(cluster, `/indexes/${uid}/documents`), '{"results":'.length);

  test('fail the import before anything is changed', async () => {
    await addOwn();
    const task = await waitForTask(cluster, await upload(cluster, await small()));
    expect(task).toMatchObject({ status: 'failed', error: { code: 'index_already_exists' } });
    expect(task.error?.message).toContain('`a`');
    expect(await list('a')).toEqual(['{"id":1,"from":"before"}', '{"id":2}']);
    expect((await send(cluster, { method: 'GET', path: '/indexes/b' })).status).toBe(404);
  });

  test('are left alone with `skip`', async () => {
    await addOwn();
    const task = await waitForTask(cluster, await upload(cluster, await small(), '?onConflict=skip'));
    expect(task).toMatchObject({ status: 'succeeded', details: { indexes: 1, totalDocuments: 0 } });
    expect(await list('a')).toEqual(['{"id":1,"from":"before"}', '{"id":2}']);
    expect((await send(cluster, { method: 'GET', path: '/indexes/b' })).status).toBe(200);
  });

  test('are replaced with `replace`', async () => {
    await addOwn();
    const task = await waitForTask(cluster, await upload(cluster, await small(), '?onConflict=replace'));
    expect(task.status).toBe('succeeded');
    expect(await list('a')).toEqual(['{"id":1,"from":"dump"}']);
  });
});

describe('what is no dump', () => {
  const refusals: [string, () => Promise<Buffer>, RegExp][] = [
    ['a text', async () => Buffer.from('hello'), /not compressed with gzip/],
    ['nothing', async () => Buffer.alloc(0), /not compressed with gzip/],
  ];
  for (const [what, make, message] of refusals) {
    test(`${what} is refused at once`, async () => {
      const answer = await asOperator(cluster, '/_miroir/dumps/import', await make(), 'application/gzip');
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'miroir_invalid_dump' });
      expect(answer.text).toMatch(message);
    });
  }

  const failures: [string, () => Promise<Buffer>, RegExp][] = [
    ['a compressed text', async () => gzipSync('hello'), /cannot be unpacked|metadata.json` is missing/],
    ['half a dump', async () => dump.subarray(0, dump.length / 2), /cannot be unpacked/],
    ['an archive without metadata', () => archive([indexOf('a')]), /`metadata.json` is missing/],
    ['an older version', () => archive([{ path: 'metadata.json', text: '{"dumpVersion":"V5"}' }]), /`V5`/],
    ['an index without metadata', () => archive([metadata, documentsOf('a', '{}')]), /indexes\/a\/metadata.json/],
    ['an index uid that is none', () => archive([metadata, indexOf('two words')]), /no valid index uid/],
    ['keys that are none', () => archive([metadata, { path: 'keys.jsonl', text: '{"uid":"x"}\n' }]), /no API key/],
  ];
  for (const [what, make, message] of failures) {
    test(`${what} fails the task and leaves nothing`, async () => {
      const task = await waitForTask(cluster, await upload(cluster, await make()));
      expect(task).toMatchObject({ status: 'failed', error: { code: 'miroir_invalid_dump' } });
      expect(task.error?.message).toMatch(message);
      expect((await filesIn(dumpsOf(cluster))).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(await get(cluster, '/indexes')).toContain('"total":0');
    });
  }

  test('bad settings and bad documents fail the task with their own error', async () => {
    const settings = { path: 'indexes/a/settings.json', text: '{"rankingRules":["nonsense"]}' };
    const wrong = await waitForTask(cluster, await upload(cluster, await archive([metadata, indexOf('a'), settings])));
    expect(wrong).toMatchObject({ status: 'failed', error: { code: 'invalid_settings_ranking_rules' } });
    const files = [metadata, indexOf('b'), documentsOf('b', '{"id":1}\n{"no":"id"}\n')];
    const failed = await waitForTask(cluster, await upload(cluster, await archive(files)));
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'missing_document_id' } });
  });
});

describe('who may, and what', () => {
  test('asks for the admin key', async () => {
    for (const path of ['/_miroir/dumps/import', '/_miroir/dumps']) {
      expect((await send(cluster, { method: 'POST', path, body: dump })).status).toBe(403);
    }
    const search = { authorization: 'Bearer nothing' };
    expect((await send(cluster, { method: 'POST', path: '/dumps', headers: search })).status).toBe(403);
  });

  test('reads no file outside of the folder', async () => {
    await mkdir(dumpsOf(cluster), { recursive: true });
    await writeFile(join(folder.path, 'outside.dump'), dump);
    await symlink(join(folder.path, 'outside.dump'), join(dumpsOf(cluster), 'link.dump')).catch(() => undefined);
    for (const path of ['../miroir.db', '/etc/passwd', '.', '', 'link.dump', 'no-such.dump', '.job-1/x']) {
      const answer = await asOperator(cluster, '/_miroir/dumps/import', JSON.stringify({ path }), 'application/json');
      expect(answer.status, path).toBe(400);
      expect(JSON.parse(answer.text), path).toMatchObject({ code: 'miroir_invalid_dump' });
    }
  });

  test('names the content types it takes, and the rules for conflicts', async () => {
    const type = await asOperator(cluster, '/_miroir/dumps/import', dump, 'text/plain');
    expect([type.status, JSON.parse(type.text).code]).toEqual([415, 'invalid_content_type']);
    const rule = await asOperator(cluster, '/_miroir/dumps/import?onConflict=maybe', dump, 'application/gzip');
    expect(rule.status).toBe(400);
    expect(rule.text).toContain('`fail`, `skip`, `replace`');
  });
});
