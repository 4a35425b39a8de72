import type { NodeHit } from './hit.ts';
import { valuesOfHit } from './values.ts';

/** Says of each hit in turn whether it is kept: a hit that shares a value with one kept before is not. */
export function distinctFilter(field: string): (hit: NodeHit) => boolean {
  const seen = new Set<number | string>();
  return (hit) => {
    const values = valuesOfHit(hit, field);
    if (values.some((value) => seen.has(value))) return false;
    for (const value of values) seen.add(value);
    return true;
  };
}
