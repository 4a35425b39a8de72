import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteRecord } from '../invariants/history.ts';
import { type Server, sendJson, type TaskView } from '../support/http.ts';
import type { RunLog } from './run-log.ts';

const uidsPerLook = 150;
const lookEveryMs = 120;

const isOpen = (write: WriteRecord): boolean =>
  write.outcome === 'acknowledged' && (write.status === null || ['enqueued', 'processing'].includes(write.status));

/** Ask for the tasks of these acknowledged writes, and note what is seen. */
export async function lookAtTasks(server: Server, log: RunLog, writes: readonly WriteRecord[]): Promise<void> {
  for (let at = 0; at < writes.length; at += uidsPerLook) {
    const some = writes.slice(at, at + uidsPerLook);
    const uids = some.map((write) => write.taskUid).join(',');
    const path = `/tasks?limit=${uidsPerLook}&uids=${uids}`;
    const { results } = await sendJson<{ results: TaskView[] }>(server, 'GET', path);
    const byUid = new Map(results.map((task) => [task.uid, task]));
    for (const write of some) {
      const task = byUid.get(write.taskUid ?? -1);
      if (task === undefined) continue;
      log.sightings.push({ uid: task.uid, status: task.status });
      write.status = task.status;
      if (task.error !== null) write.error = JSON.stringify(task.error);
    }
  }
}

/** Follow the tasks of acknowledged writes until `signal` is aborted. */
export async function watchTasks(server: Server, log: RunLog, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await lookAtTasks(server, log, log.writes.filter(isOpen)).catch(() => undefined);
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Resident bytes of a process; null when it is not there (or this is no Linux). */
export function residentBytes(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}

/** Sample the memory of a process until `signal` is aborted. */
export async function watchMemory(pid: () => number, log: RunLog, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const bytes = residentBytes(pid());
    if (bytes !== null) log.memory.push(bytes);
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
}
