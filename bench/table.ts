/** A table for people: the first column to the left, the others to the right. */
export function table(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return [`\n${title}`, line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join(
    '\n',
  );
}

/** A number with as many digits as it deserves. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `a` against `b`. */
export const ratio = (a: number, b: number) => `${number(a / b)}x`;

/** One figure measured several times. */
export interface Spread {
  middle: number;
  least: number;
  most: number;
}

/** The value in the middle; NaN of none. */
export function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Where several measurements of a figure lie. */
export function spreadOf(values: readonly number[]): Spread {
  return { middle: middleOf(values), least: Math.min(...values), most: Math.max(...values) };
}

/** A figure measured once. */
export const constant = (value: number): Spread => ({ middle: value, least: value, most: value });
