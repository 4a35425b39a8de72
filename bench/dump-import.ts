import { createReadStream, readFileSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { writeArchive } from '../src/dumps/archive.ts';
import { spoolLines } from '../src/dumps/spool.ts';
import { startLocalNode } from '../src/nodes/local.ts';
import { adminKey, startCluster } from '../tests/support/cluster.ts';
import { sendJson, type TaskView } from '../tests/support/http.ts';
import { masterKey, temporaryFolder } from '../tests/support/processes.ts';
import { createRng } from '../tests/support/rng.ts';
import { residentMegabytes } from './cpu.ts';
import { number, ratio, table } from './table.ts';

/**
 * `npx tsx bench/dump-import.ts [--documents 1000000] [--nodes 3]`: imports a dump of small documents through Miroir, and
 * the same dump into one plain Meilisearch with `--import-dump`, one after the other. Needs `npm run build`.
 */
const { values } = parseArgs({
  options: { documents: { type: 'string', default: '1000000' }, nodes: { type: 'string', default: '3' } },
});
const documents = Number(values.documents);
const nodes = Number(values.nodes);

const words = 'amber birch cedar delta ember fjord grove haven inlet jade knoll lunar maple north ocean pearl'.split(
  ' ',
);

async function* smallDocuments(count: number): AsyncGenerator<string> {
  const rng = createRng(11);
  const word = () => words[Math.floor(rng.next() * words.length)];
  for (let id = 0; id < count; id++) {
    const year = 1950 + (id % 75);
    yield `{"id":${id},"title":"${word()} ${word()} ${word()}","year":${year},"price":${(rng.next() * 100).toFixed(2)}}`;
  }
}

async function makeDump(folder: string, signal: AbortSignal): Promise<string> {
  const lines = join(folder, 'documents.jsonl');
  await spoolLines(lines, smallDocuments(documents), signal);
  const now = new Date().toISOString();
  const target = join(folder, 'bench.dump');
  await writeArchive(
    [
      { path: 'metadata.json', text: `{"dumpVersion":"V6","dbVersion":"1.21.0","dumpDate":"${now}"}` },
      { path: 'keys.jsonl', text: '' },
      {
        path: 'indexes/small/metadata.json',
        text: `{"uid":"small","primaryKey":"id","createdAt":"${now}","updatedAt":"${now}"}`,
      },
      {
        path: 'indexes/small/settings.json',
        text: '{"searchableAttributes":["title"],"filterableAttributes":["year"]}',
      },
      { path: 'indexes/small/documents.jsonl', file: lines },
      { path: 'tasks/update_files/', folder: true },
      { path: 'tasks/queue.jsonl', text: '' },
    ],
    { target, temporary: `${target}.new`, signal },
  );
  return target;
}

/** Seconds until a plain server that was started on the dump answers. */
async function plainSeconds(dump: string, folder: string): Promise<number> {
  const directory = join(folder, 'plain');
  await mkdir(directory);
  const started = performance.now();
  const node = await startLocalNode({
    id: 'plain',
    directory,
    masterKey,
    extraArgs: ['--import-dump', dump],
    startTimeoutMs: 3_600_000,
  });
  const seconds = (performance.now() - started) / 1_000;
  await node.stop('SIGKILL');
  return seconds;
}

/** The most memory a process has had so far. */
function peakMegabytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1_024;
}

async function throughMiroir(dump: string) {
  const cluster = await startCluster({ nodes, miroir: 'child', config: { log: { level: 'warn' } } });
  try {
    const pid = cluster.process?.pid ?? -1;
    const idle = residentMegabytes(pid);
    const started = performance.now();
    const answer = await request(`${cluster.address}/_miroir/dumps/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/gzip' },
      body: createReadStream(dump),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const { taskUid } = (await answer.body.json()) as { taskUid: number };
    let task: TaskView;
    do {
      await sleep(500);
      task = await sendJson<TaskView>(cluster, 'GET', `/tasks/${taskUid}`);
      const { phase, importedDocuments } = task.details ?? {};
      process.stderr.write(
        `\r${String(phase)} ${String(importedDocuments)} of ${documents}, ${number(residentMegabytes(pid))} MB `,
      );
    } while (task.finishedAt === null);
    process.stderr.write('\n');
    if (task.status !== 'succeeded') throw new Error(JSON.stringify(task));
    const { numberOfDocuments } = await sendJson(cluster, 'GET', '/indexes/small/stats');
    if (numberOfDocuments !== documents)
      throw new Error(`${String(numberOfDocuments)} documents instead of ${documents}`);
    return { seconds: (performance.now() - started) / 1_000, idle, peak: peakMegabytes(pid) };
  } finally {
    await cluster.stop();
  }
}

const folder = await temporaryFolder('bench-dump');
try {
  const dump = await makeDump(folder.path, new AbortController().signal);
  const megabytes = (await stat(dump)).size / 1e6;
  const miroir = await throughMiroir(dump);
  const plain = await plainSeconds(dump, folder.path);
  const row = (side: string, seconds: number, idle: number, peak: number) => [
    side,
    number(seconds),
    ratio(seconds, plain),
    number(documents / seconds),
    number(idle),
    number(peak),
    number(peak - idle),
  ];
  console.info(
    table(
      `Importing a dump of ${documents} small documents (${number(megabytes)} MB)`,
      ['', 'seconds', 'against it', 'documents/s', 'idle MB', 'peak MB', 'growth MB'],
      [
        row('one Meilisearch, --import-dump', plain, Number.NaN, Number.NaN),
        row(`Miroir, ${nodes} nodes`, miroir.seconds, miroir.idle, miroir.peak),
      ],
    ),
  );
} finally {
  await folder.remove();
}
process.exit(0);
