import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { writeArchive } from '../../src/dumps/archive.ts';
import { elements } from '../../src/json/scan.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { type Server, send, sendJson, type TaskView, waitForTask, write } from '../support/http.ts';
import type { MiroirProcess } from '../support/miroir-process.ts';
import { temporaryFolder } from '../support/processes.ts';
import { dumpsOf, filesIn, unpackDump, upload } from './dumps-support.ts';

/** Dumps and imports through SIGKILL. Runs what `npm run build` made. */
const built = existsSync(join(import.meta.dirname, '../../dist/main.js'));

let undo: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

const quick = { interval: '200ms', timeout: '1s', down_after: 2, up_after: 1 };

async function start(): Promise<Cluster & { process: MiroirProcess }> {
  const cluster = await startCluster({ nodes: 2, shards: 8, miroir: 'child', config: { health: quick } });
  undo.push(() => cluster.stop());
  if (cluster.process === null) throw new Error('expected a child process');
  return { ...cluster, process: cluster.process };
}

const documentCount = 4_000;
/** Of a size that makes an import of many batches, while only the short field is indexed. */
const line = (id: number) => `{"id":${id},"name":"n${id % 97}","payload":"${String(id % 10).repeat(9_000)}"}`;

async function bigDump(): Promise<Buffer> {
  const folder = await temporaryFolder('big-dump');
  undo.push(folder.remove);
  const stamps = { createdAt: '2025-01-01T00:00:00Z', updatedAt: '2025-01-01T00:00:00Z' };
  const lines = Array.from({ length: documentCount }, (_, id) => `${line(id)}\n`).join('');
  const target = join(folder.path, 'big.dump');
  await writeArchive(
    [
      { path: 'indexes/big/documents.jsonl', text: lines },
      { path: 'metadata.json', text: '{"dumpVersion":"V6","dbVersion":"1.21.0","dumpDate":"2025-01-01T00:00:00Z"}' },
      { path: 'indexes/big/settings.json', text: '{"searchableAttributes":["name"],"filterableAttributes":["name"]}' },
      { path: 'indexes/big/metadata.json', text: JSON.stringify({ uid: 'big', primaryKey: 'id', ...stamps }) },
    ],
    { target, temporary: `${target}.new`, signal: new AbortController().signal },
  );
  return readFile(target);
}

/** Wait until the task's details satisfy a condition; throws when it ends before. */
async function until(server: Server, uid: number, reached: (task: TaskView) => boolean): Promise<TaskView> {
  for (;;) {
    const task = await sendJson<TaskView>(server, 'GET', `/tasks/${uid}`);
    if (reached(task)) return task;
    if (task.status !== 'enqueued' && task.status !== 'processing')
      throw new Error(`too late: ${JSON.stringify(task)}`);
    await sleep(5);
  }
}

async function restart({ process }: { process: MiroirProcess }): Promise<void> {
  await process.stop('SIGKILL');
  await process.restart();
}

async function allDocuments(server: Server): Promise<string[]> {
  const found: string[] = [];
  for (let offset = 0; offset < documentCount; offset += 1_000) {
    const { text } = await send(server, { method: 'GET', path: `/indexes/big/documents?limit=1000&offset=${offset}` });
    found.push(...elements(text, '{"results":'.length));
  }
  return found;
}

const imported = ({ details }: TaskView) => Number(details?.importedDocuments ?? 0);

describe.skipIf(!built)('Miroir killed', () => {
  test('while it imports, several times: the import goes on and every document is there once', async () => {
    const cluster = await start();
    const uid = await upload(cluster, await bigDump());
    await restart(cluster);
    const first = await until(cluster, uid, (task) => imported(task) > 0);
    await restart(cluster);
    const second = await until(cluster, uid, (task) => imported(task) > imported(first));
    expect(imported(second)).toBeLessThan(documentCount);
    await restart(cluster);
    const task = await waitForTask(cluster, uid, 200_000);
    expect(task.status, JSON.stringify(task.error)).toBe('succeeded');
    expect(task.details).toMatchObject({
      importedDocuments: documentCount,
      totalDocuments: documentCount,
      phase: 'done',
    });
    const stats = await sendJson(cluster, 'GET', '/indexes/big/stats');
    expect(stats.numberOfDocuments).toBe(documentCount);
    const expected = Array.from({ length: documentCount }, (_, id) => line(id)).sort();
    expect((await allDocuments(cluster)).sort()).toEqual(expected);
    expect(await filesIn(dumpsOf(cluster))).toEqual([]);
  }, 300_000);

  test('while it writes a dump: the dump is written anew, and never seen half', async () => {
    const cluster = await start();
    const lines = Array.from({ length: 1_500 }, (_, id) => line(id));
    await write(cluster, { method: 'POST', path: '/indexes', body: '{"uid":"big","primaryKey":"id"}' });
    await write(cluster, {
      method: 'PATCH',
      path: '/indexes/big/settings',
      body: '{"searchableAttributes":["name"]}',
    });
    await write(cluster, { method: 'POST', path: '/indexes/big/documents', body: `[${lines.join(',')}]` });
    const { taskUid } = await sendJson<{ taskUid: number }>(cluster, 'POST', '/dumps');
    await until(cluster, taskUid, (task) => task.status === 'processing');
    await cluster.process.stop('SIGKILL');
    expect((await filesIn(dumpsOf(cluster))).filter((name) => name.endsWith('.dump'))).toEqual([]);
    await cluster.process.restart();
    const task = await waitForTask(cluster, taskUid);
    expect(task.status, JSON.stringify(task.error)).toBe('succeeded');
    const names = await filesIn(dumpsOf(cluster));
    expect(names).toEqual([`${task.details?.dumpUid}.dump`]);
    const files = await unpackDump(join(dumpsOf(cluster), names[0] ?? ''));
    const documents = (files.get('indexes/big/documents.jsonl') ?? '').trimEnd().split('\n');
    expect(documents.sort()).toEqual(lines.sort());
  }, 200_000);
});
