/** Runs work one after the other per key, in the order of the calls; keys do not wait for each other. */
export interface Serial {
  /** Resolves or rejects as `work` does; a rejection does not stop what waits behind it. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

/** Runs `work` alone under each of the keys, taken in one order everywhere. */
export function runUnder<T>(serial: Serial, keys: Iterable<string>, work: () => Promise<T>): Promise<T> {
  const locked = ([first, ...rest]: readonly string[]): Promise<T> =>
    first === undefined ? work() : serial.run(first, () => locked(rest));
  return locked([...new Set(keys)].sort());
}

/** A `Serial` that forgets a key once nothing waits on it, so that it does not grow with the number of keys ever seen. */
export function createSerial(): Serial {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run<T>(key: string, work: () => Promise<T>): Promise<T> {
      const before = tails.get(key) ?? Promise.resolve();
      const result = before.then(work, work);
      const tail = result.catch(() => undefined);
      tails.set(key, tail);
      void tail.then(() => {
        if (tails.get(key) === tail) tails.delete(key);
      });
      return result;
    },
  };
}
