import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A running process and its command line, arguments separated by blanks. */
export interface ProcessInfo {
  pid: number;
  command: string;
}

function fromProc(pid: number): ProcessInfo | null {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return command === '' ? null : { pid, command };
  } catch {
    // ended in the meantime
    return null;
  }
}

function fromPs(args: readonly string[]): ProcessInfo[] {
  try {
    return execFileSync('ps', [...args, '-o', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
      .flatMap((match) => (match === null ? [] : [{ pid: Number(match[1]), command: (match[2] ?? '').trim() }]));
  } catch {
    // `ps` ends with an error when nothing matches
    return [];
  }
}

/** The processes of this machine that this user can see. */
export function listProcesses(): ProcessInfo[] {
  if (process.platform !== 'linux') return fromPs(['-A']);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => fromProc(Number(name)) ?? []);
}

/** The command line of a running process; null when there is no such process. */
export function processCommand(pid: number): string | null {
  const found = process.platform === 'linux' ? fromProc(pid) : fromPs(['-p', String(pid)])[0];
  return found?.command ?? null;
}
