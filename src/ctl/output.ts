/** What a command prints: `data` for scripts (`--json`), `text` for people, and how the process ends. */
export interface Output {
  data: unknown;
  text: string;
  exitCode?: number;
}

const units: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** How long ago an instant was, in its largest whole unit: `3m`. */
export function age(since: string | null, now: number): string {
  if (since === null) return '-';
  const ms = Math.max(0, now - Date.parse(since));
  const [unit, factor] = units.find(([, size]) => ms >= size) ?? ['s', 1_000];
  return `${Math.floor(ms / factor)}${unit}`;
}

/** `1 node`, `2 nodes`, `2 copies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
