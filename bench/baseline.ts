import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ratios by name; where less is better. */
export type Ratios = Record<string, number>;

/** A ratio may be worse than the recorded one by this much: runs on one machine differ by about half of it. */
const allowed = 1.25;

const file = join(import.meta.dirname, 'baseline.json');

/** More is better for these; everything else is a cost. */
const isSpeed = (name: string) => / searches\/s against | speed against /.test(name);

/** What is worse than in the baseline by more than is allowed, in words. Ratios that the baseline lacks are new. */
export function regressions(measured: Ratios, baseline: Ratios): string[] {
  return Object.entries(measured).flatMap(([name, value]) => {
    const before = baseline[name];
    if (before === undefined) return [];
    const worse = isSpeed(name) ? before / value : value / before;
    return worse > allowed ? [`${name}: ${value.toFixed(2)}, was ${before.toFixed(2)}`] : [];
  });
}

/** The recorded ratios. */
export function readBaseline(): Ratios {
  return JSON.parse(readFileSync(file, 'utf8')) as Ratios;
}

/** Records ratios; others that were recorded before stay. */
export function writeBaseline(ratios: Ratios): void {
  const rounded = Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, Number(value.toFixed(3))]));
  const before = existsSync(file) ? readBaseline() : {};
  writeFileSync(file, `${JSON.stringify({ ...before, ...rounded }, null, 2)}\n`);
}
