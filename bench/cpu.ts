import { readdirSync, readFileSync } from 'node:fs';

/**
 * Milliseconds of processor time that the threads of a process have used, from the scheduler's own count of nanoseconds: the ticks of
 * `/proc/<pid>/stat` are 10 ms, as much as dozens of searches. Linux only.
 */
export function cpuMilliseconds(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const used = readdirSync(tasks).map((thread) =>
    Number(readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}

function megabytesOf(pid: number, field: string): number {
  const line = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? Number.NaN) / 1_024;
}

/** Megabytes of memory in use. */
export const residentMegabytes = (pid: number): number => megabytesOf(pid, 'VmRSS');

/** Megabytes of memory in use at most, since the process began. */
export const peakMegabytes = (pid: number): number => megabytesOf(pid, 'VmHWM');
