import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { startLocalNode } from '../../src/nodes/local.ts';
import { adminKey, type Cluster } from '../support/cluster.ts';
import { type RawAnswer, type Server, send, sendJson, waitForTask } from '../support/http.ts';
import { guardProcess, masterKey, temporaryFolder } from '../support/processes.ts';

/** The folder of a cluster's dumps. */
export function dumpsOf(cluster: Cluster): string {
  const dir = cluster.config.dumps?.dir;
  if (dir === undefined) throw new Error('the cluster has no folder of dumps');
  return dir;
}

/** Make a dump and return its path. */
export async function makeDump(server: Server, folder: string): Promise<string> {
  const { taskUid } = await sendJson<{ taskUid: number }>(server, 'POST', '/dumps');
  const task = await waitForTask(server, taskUid);
  if (task.status !== 'succeeded') throw new Error(`the dump ${task.status}: ${JSON.stringify(task.error)}`);
  return join(folder, `${task.details?.dumpUid}.dump`);
}

/** The files of a dump by path. */
export async function unpackDump(file: string): Promise<Map<string, string>> {
  const archive = extract();
  const files = new Map<string, string>();
  createReadStream(file).pipe(createGunzip()).pipe(archive);
  for await (const entry of archive) {
    const path = entry.header.name.replace(/^\.\//, '');
    if (entry.header.type === 'file') files.set(path, await readText(entry));
    else entry.resume();
  }
  return files;
}

/** A plain Meilisearch, empty or started from a dump, with the folder of its own dumps. */
export interface PlainServer extends Server {
  readonly dumps: string;
  stop(): Promise<void>;
}

/** Start a plain Meilisearch; `dump` is what it imports at its start. */
export async function startPlain(dump?: string): Promise<PlainServer> {
  const folder = await temporaryFolder('plain');
  await mkdir(join(folder.path, 'dumps'));
  try {
    const node = await startLocalNode({
      id: 'plain',
      directory: folder.path,
      masterKey,
      ...(dump === undefined ? {} : { extraArgs: ['--import-dump', dump] }),
    });
    const release = guardProcess(() => node.pid);
    return {
      address: node.address,
      masterKey,
      dumps: join(folder.path, 'dumps'),
      async stop() {
        await node.stop('SIGKILL');
        release();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/** Everything in a folder, dot files too; empty when it is not there. */
export async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

/** A request of an operator. */
export function asOperator(
  cluster: Cluster,
  path: string,
  body: Buffer | string,
  contentType: string,
): Promise<RawAnswer> {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': contentType };
  return send(cluster, { method: 'POST', path, body, headers });
}

/** Upload a dump, and return the uid of the import's task. */
export async function upload(cluster: Cluster, dump: Buffer, query = ''): Promise<number> {
  const answer = await asOperator(cluster, `/_miroir/dumps/import${query}`, dump, 'application/gzip');
  if (answer.status !== 202) throw new Error(`the import was answered ${answer.status}: ${answer.text}`);
  return (JSON.parse(answer.text) as { taskUid: number }).taskUid;
}
