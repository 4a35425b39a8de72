import type { Timing } from '../../src/nodes/timing.ts';

/** Time that passes only when told to; everything due runs in order, and promises get their turns in between. */
export interface VirtualTime extends Timing {
  advance(ms: number): Promise<void>;
}

/** Let promises that are settled run what waits for them, some steps deep. */
async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

/** A clock at 0. */
export function virtualTime(): VirtualTime {
  let now = 0;
  let made = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  const after = (ms: number, run: () => void) => {
    const id = made++;
    timers.set(id, { at: now + Math.max(0, ms), run });
    return () => void timers.delete(id);
  };
  const sleep = (ms: number) => new Promise<void>((resolve) => after(ms, resolve));
  return {
    elapsed: () => now,
    after,
    sleep,
    later: sleep,
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await settle();
        let first: number | null = null;
        let at = end;
        // timers are kept in the order in which they were made, so of several due at once the oldest is first
        for (const [id, timer] of timers)
          if (timer.at < at || (first === null && timer.at === end)) [first, at] = [id, timer.at];
        if (first === null) break;
        const due = timers.get(first);
        timers.delete(first);
        now = at;
        due?.run();
      }
      now = end;
    },
  };
}
