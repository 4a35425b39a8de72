import { hash64 } from '../placement/hash.ts';

/** A number that follows from what is asked, so that equal questions go to the same copies and others spread evenly. */
export function readSeed(...asked: unknown[]): number {
  return Number(hash64(JSON.stringify(asked)) % 65_536n);
}
