import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticksPerSecond: number | null = null;

/** Milliseconds of processor time (user and system) that a process and its threads have used. Linux only. */
export function cpuMilliseconds(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

function megabytesOf(pid: number, field: string): number {
  const line = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? Number.NaN) / 1_024;
}

/** Megabytes of memory in use. */
export const residentMegabytes = (pid: number): number => megabytesOf(pid, 'VmRSS');

/** Megabytes of memory in use at most, since the process began. */
export const peakMegabytes = (pid: number): number => megabytesOf(pid, 'VmHWM');
