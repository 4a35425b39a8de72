/** A seeded source of numbers, so that every corpus and every request list is the same on each run. */
export interface Rng {
  /** In [0, 1). */
  next(): number;
  /** Integer in [0, below). */
  int(below: number): number;
  /** Integer in [low, high]. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Up to `count` different elements in random order. */
  sample<T>(list: readonly T[], count: number): T[];
}

/** Mulberry32: small, fast, and good enough to spread test data. */
export function createRng(seed: number): Rng {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (below: number) => Math.floor(next() * below);
  const pick = <T>(list: readonly T[]): T => {
    const value = list[int(list.length)];
    if (value === undefined) throw new Error('cannot pick from an empty list');
    return value;
  };
  return {
    next,
    int,
    between: (low, high) => low + int(high - low + 1),
    chance: (probability) => next() < probability,
    pick,
    sample: (list, count) => {
      const rest = [...list];
      const taken: (typeof list)[number][] = [];
      while (taken.length < count && rest.length > 0) taken.push(...rest.splice(int(rest.length), 1));
      return taken;
    },
  };
}
