import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createCtlProgram } from '../../src/ctl/program.ts';
import { adminKey, type Cluster, startCluster } from '../support/cluster.ts';
import { send, sendJson, waitForTask, write } from '../support/http.ts';
import { dumpsOf, filesIn, makeDump, unpackDump, upload } from './dumps-support.ts';

/** Dumps of a cluster that is being written to, cancelled ones, and the commands. */
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, shards: 8 });
  for (const uid of ['left', 'right']) {
    await write(cluster, { method: 'POST', path: '/indexes', body: JSON.stringify({ uid, primaryKey: 'id' }) });
    const body = JSON.stringify(Array.from({ length: 50 }, (_, id) => ({ id, round: 0 })));
    await write(cluster, { method: 'POST', path: `/indexes/${uid}/documents`, body });
  }
});

afterAll(() => cluster?.stop());

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const post = async (path: string, body: unknown): Promise<number> =>
  (await sendJson<{ taskUid: number }>(cluster, 'POST', path, body)).taskUid;

/** Rounds of the documents of an index in a dump. */
function rounds(files: Map<string, string>, uid: string): Set<number> {
  const lines = (files.get(`indexes/${uid}/documents.jsonl`) ?? '').trimEnd().split('\n');
  expect(lines).toHaveLength(50);
  return new Set(lines.map((line) => (JSON.parse(line) as { round: number }).round));
}

test('a dump during writes shows one point in time, the same for all indexes', async () => {
  let round = 0;
  let writing = true;
  const accepted: number[] = [];
  const writer = (async () => {
    while (writing) {
      round++;
      const documents = Array.from({ length: 50 }, (_, id) => ({ id, round }));
      // The left index is always written first, so a true point in time has it at most one round ahead.
      for (const uid of ['left', 'right']) accepted.push(await post(`/indexes/${uid}/documents`, documents));
    }
  })();
  const dumps: string[] = [];
  for (let i = 0; i < 3; i++) dumps.push(await makeDump(cluster, dumpsOf(cluster)));
  writing = false;
  await writer;
  for (const uid of accepted) expect((await waitForTask(cluster, uid)).status).toBe('succeeded');
  for (const dump of dumps) {
    const files = await unpackDump(dump);
    const [left, right] = [rounds(files, 'left'), rounds(files, 'right')];
    expect([left.size, right.size]).toEqual([1, 1]);
    const ahead = Math.max(...left) - Math.max(...right);
    expect([0, 1]).toContain(ahead);
  }
}, 120_000);

test('an import that is cancelled ends as canceled and leaves no files', async () => {
  const own = await readFile(await makeDump(cluster, dumpsOf(cluster)));
  const before = await filesIn(dumpsOf(cluster));
  const uid = await upload(cluster, own, '?onConflict=replace');
  const cancellation = await send(cluster, { method: 'POST', path: `/tasks/cancel?uids=${uid}` });
  const task = await waitForTask(cluster, uid);
  await waitForTask(cluster, (JSON.parse(cancellation.text) as { taskUid: number }).taskUid);
  expect(['canceled', 'succeeded']).toContain(task.status);
  expect(await filesIn(dumpsOf(cluster))).toEqual(before);
  // it may have been stopped between the deletion of an index and its import; importing again makes it whole
  const again = await waitForTask(cluster, await upload(cluster, own, '?onConflict=replace'));
  expect(again).toMatchObject({ status: 'succeeded', details: { importedDocuments: 100 } });
});

async function ctl(...words: string[]): Promise<{ out: string; code: unknown }> {
  return ctlAs(adminKey, ...words);
}

async function ctlAs(key: string, ...words: string[]): Promise<{ out: string; code: unknown }> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const flags = ['--url', cluster.address, '--admin-key', key];
  await createCtlProgram().parseAsync(['node', 'miroir-ctl', ...flags, ...words]);
  vi.restoreAllMocks();
  return { out: out.trim(), code: process.exitCode };
}

test('miroir-ctl writes a dump and imports it again', async () => {
  const created = await ctl('dump', 'create', '--wait');
  expect(created).toMatchObject({ code: 0, out: expect.stringMatching(/^wrote \d{8}-\d{9}\.dump$/) });
  const file = join(dumpsOf(cluster), created.out.replace('wrote ', ''));
  const refused = await ctl('dump', 'import', file, '--watch');
  expect(refused.code).toBe(5);
  expect(refused.out).toContain('indexes that exist already');
  const imported = await ctl('dump', 'import', file, '--watch', '--on-conflict', 'replace');
  expect(imported).toEqual({ code: 0, out: 'imported 100 documents into 2 indexes' });
  const listed = await ctl(
    '--json',
    'dump',
    'import',
    file.split('/').at(-1) ?? '',
    '--on-server',
    '--on-conflict',
    'skip',
  );
  expect(JSON.parse(listed.out)).toMatchObject({ type: 'dumpImport', taskUid: expect.any(Number) });
  await waitForTask(cluster, (JSON.parse(listed.out) as { taskUid: number }).taskUid);
  expect((await ctl('dump', 'import', '/no/such/file')).code).toBe(1);
}, 120_000);

test('an upload that is refused ends at once, whatever its size', async () => {
  const file = join(dumpsOf(cluster), 'large.dump');
  await writeFile(file, Buffer.alloc(32 * 1024 * 1024, 'x'));
  expect((await ctlAs('a-wrong-key', 'dump', 'import', file)).code).toBe(3);
  expect((await ctl('dump', 'import', file)).code).toBe(5);
  await rm(file);
});

test('what an earlier process left is tidied up at the next start', async () => {
  const folder = join(dumpsOf(cluster), 'other');
  await mkdir(join(folder, '.job-7'), { recursive: true });
  for (const name of ['.upload-x', 'kept.dump', '.job-7/archive']) await writeFile(join(folder, name), 'x');
  const again = await startCluster({ nodes: 1, shards: 1, config: { dumps: { dir: folder } } });
  await again.stop();
  expect(await filesIn(folder)).toEqual(['kept.dump']);
});
