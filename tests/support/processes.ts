import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalNode, startLocalNode } from '../../src/nodes/local.ts';

/** The key of every node and of every Miroir started by tests. */
export const masterKey = 'a-master-key-for-tests-only';

const livePids = new Set<() => number>();
const liveFolders = new Set<string>();

/** Whatever ends the test process, nothing it started outlives it. */
process.on('exit', () => {
  for (const pid of livePids) {
    try {
      process.kill(pid(), 'SIGKILL');
    } catch {
      // already gone
    }
  }
  for (const folder of liveFolders) rmSync(folder, { recursive: true, force: true });
});

/** Kill this process when the test process ends; call the result once it is gone. */
export function guardProcess(pid: () => number): () => void {
  livePids.add(pid);
  return () => livePids.delete(pid);
}

/** The process ids of a process's children; empty when it has none, or is gone. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** Whether there is such a process that has not ended. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A new folder under the system's temporary folder, with the function that deletes it. */
export async function temporaryFolder(name: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `miroir-${name}-`));
  liveFolders.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      liveFolders.delete(path);
    },
  };
}

/** A real node that is killed with the test process. */
export async function startGuardedNode(id: string, directory: string, key: string = masterKey): Promise<LocalNode> {
  const node = await startLocalNode({ id, directory, masterKey: key });
  let release = guardProcess(() => node.pid);
  return {
    ...node,
    get pid() {
      return node.pid;
    },
    async stop(signal) {
      await node.stop(signal);
      release();
    },
    async restart() {
      await node.restart();
      release = guardProcess(() => node.pid);
    },
  };
}
