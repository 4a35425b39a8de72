const most = 128;
/** Fewer times than this say nothing about a quantile. */
const leastForQuantile = 16;

/** The latest times that something took, at most 128 of them, in a ring. */
export class LatestTimes {
  readonly #ring = new Float64Array(most);
  #count = 0;
  /** Where the next one goes. */
  #next = 0;

  add(time: number): void {
    this.#ring[this.#next] = time;
    this.#next = (this.#next + 1) % most;
    this.#count = Math.min(most, this.#count + 1);
  }

  clear(): void {
    this.#count = 0;
    this.#next = 0;
  }

  /** The median of the last `few` (the upper one of two); null when there is none. */
  median(few: number): number | null {
    const count = Math.min(few, this.#count);
    const last: number[] = [];
    for (let i = 1; i <= count; i++) {
      const time = this.#ring[(this.#next - i + most) % most] as number;
      let at = last.length;
      for (; at > 0 && (last[at - 1] as number) > time; at--) last[at] = last[at - 1] as number;
      last[at] = time;
    }
    return last[Math.floor(count / 2)] ?? null;
  }

  /** The time that a share of them does not exceed; null while there are too few. */
  quantile(share: number): number | null {
    if (this.#count < leastForQuantile) return null;
    const sorted = this.#ring.slice(0, this.#count).sort();
    return sorted[Math.ceil(this.#count * share) - 1] as number;
  }
}
