const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text.trim());
  const factor = units[match?.[2] ?? ''];
  if (match === null || factor === undefined) return null;
  const value = Number(match[1]) * factor;
  return Number.isSafeInteger(value) ? value : null;
}

/** `500ms`, `5s`, `10m`, `6h`, `7d` in milliseconds; null when it is no duration or not a whole number of milliseconds. */
export function parseDuration(text: string): number | null {
  return parseQuantity(text, durationUnits);
}

/** `512KiB`, `100MiB`, `2GB` in bytes; null when it is no size or not a whole number of bytes. */
export function parseSize(text: string): number | null {
  return parseQuantity(text, sizeUnits);
}

function format(value: number, units: readonly [string, number][]): string {
  const best = units.find(([, factor]) => value >= factor && value % factor === 0);
  return best === undefined ? `${value}${units.at(-1)?.[0] ?? ''}` : `${value / best[1]}${best[0]}`;
}

/** Milliseconds in the largest unit that divides them: 90_000 is `90s`. */
export function formatDuration(ms: number): string {
  return format(ms, Object.entries(durationUnits).reverse());
}

/** Bytes in the largest binary unit that divides them: 104_857_600 is `100MiB`. */
export function formatSize(bytes: number): string {
  const binary = Object.entries(sizeUnits).filter(([unit]) => unit === 'B' || unit.includes('i'));
  return format(bytes, binary.reverse());
}
