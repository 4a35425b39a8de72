import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HealthSignal,
  type HealthState,
  initialHealth,
  isOut,
  nextHealth,
} from '../../../src/nodes/health-state.ts';

const limits = { downAfter: 3, upAfter: 2, probeEvery: 1_000, backoff: 10_000, maxBackoff: 60_000 };
const ok: HealthSignal = { kind: 'probeSucceeded' };
const slow: HealthSignal = { kind: 'probeSlow', error: 'slow' };
const bad: HealthSignal = { kind: 'probeFailed', error: 'no answer in time' };
const refused: HealthSignal = { kind: 'refused', error: 'cannot connect' };
const answered: HealthSignal = { kind: 'answered' };
const broken: HealthSignal = { kind: 'requestBroken', error: 'reset' };

/** One signal a second, from 1,000 on. */
function stateAfter(...signals: HealthSignal[]): HealthState {
  return signals.reduce((state, signal, i) => nextHealth(state, signal, limits, (i + 1) * 1_000), initialHealth(0));
}

describe('node health', () => {
  it('is unknown until the first probe, which decides alone', () => {
    expect(stateAfter().state).toBe('unknown');
    expect(stateAfter(answered, slow, broken).state).toBe('unknown');
    expect(stateAfter(ok)).toMatchObject({ state: 'up', since: 1_000, failures: 0, until: null, lastError: null });
    expect(stateAfter(bad)).toMatchObject({ state: 'down', failures: 1, lastError: 'no answer in time' });
  });

  it('is suspect after one failed or unanswered probe, and down after three in a row, not after three in all', () => {
    expect(stateAfter(ok, slow)).toMatchObject({ state: 'suspect', since: 2_000, until: 4_000, lastError: 'slow' });
    expect(stateAfter(ok, bad, bad)).toMatchObject({ state: 'suspect', since: 2_000, failures: 2 });
    expect(stateAfter(ok, bad, bad, bad)).toMatchObject({ state: 'down', since: 4_000, until: 4_000, failures: 3 });
    expect(stateAfter(ok, bad, bad, ok, bad, bad).state).toBe('suspect');
  });

  it('goes down at once when a connection is refused', () => {
    expect(stateAfter(ok, refused)).toMatchObject({ state: 'down', since: 2_000, lastError: 'cannot connect' });
  });

  it('does not take for dead who answers requests, however slow its probes', () => {
    expect(stateAfter(ok, bad, bad, answered, bad, bad).state).toBe('suspect');
    expect(stateAfter(ok, bad, answered)).toMatchObject({ state: 'suspect', failures: 0 });
  });

  it('comes back after two successful probes in a row, and answers alone do not bring it back', () => {
    expect(stateAfter(ok, refused, ok).state).toBe('down');
    expect(stateAfter(ok, refused, ok, bad, ok).state).toBe('down');
    expect(stateAfter(ok, slow, answered, answered, answered).state).toBe('suspect');
    expect(stateAfter(ok, refused, ok, ok)).toMatchObject({ state: 'up', since: 4_000, until: null, lastError: null });
  });

  it('suspects a node when many of its requests break, not when a few of many do', () => {
    const fast = (signals: HealthSignal[]) =>
      signals.reduce((state, signal, i) => nextHealth(state, signal, limits, 1_000 + i * 10), stateAfter(ok));
    const thirty = Array.from({ length: 40 }, (_, i) => (i % 10 < 3 ? broken : answered));
    expect(fast(thirty)).toMatchObject({ state: 'suspect', lastError: expect.stringContaining('reset') });
    expect(fast(Array.from({ length: 400 }, (_, i) => (i % 10 < 1 ? broken : answered))).state).toBe('up');
    expect(fast([broken, broken, broken]).state).toBe('up');
  });

  it('stays out longer each time it fails soon after its return, up to a bound, and is forgiven after a quiet time', () => {
    let state = stateAfter(ok);
    let now = 10_000;
    const holds: number[] = [];
    for (let i = 0; i < 6; i++) {
      state = nextHealth(state, refused, limits, now);
      const opened = now;
      while (state.state !== 'up') {
        now += 500;
        state = nextHealth(state, ok, limits, now);
      }
      holds.push(now - opened);
      now += 100;
    }
    expect(holds).toEqual([2_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    state = nextHealth(state, refused, limits, now + 60_000);
    expect((state.until ?? 0) - state.since).toBe(2_000);
  });

  it('never returns twice within ten seconds, never before its time, and only by probes, whatever happens', () => {
    const step = fc.record({
      signal: fc.constantFrom(ok, ok, slow, bad, refused, answered, broken),
      wait: fc.integer({ min: 0, max: 1_500 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let state = initialHealth(0);
        let now = 0;
        const returns: number[] = [];
        for (const { signal, wait } of steps) {
          const before = state;
          now += wait;
          state = nextHealth(before, signal, limits, now);
          if (isOut(before.state) && !isOut(state.state)) {
            expect(signal).toBe(ok);
            expect(now).toBeGreaterThanOrEqual(before.until ?? Number.POSITIVE_INFINITY);
            returns.push(now);
          }
          expect(state.until === null).toBe(!isOut(state.state));
          if (signal === refused) expect(state.state).toBe('down');
          expect(state.since).toBeLessThanOrEqual(now);
        }
        for (const [i, at] of returns.slice(1).entries()) expect(at - (returns[i] ?? 0)).toBeGreaterThanOrEqual(10_000);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it.each([
    ['five seconds up, five seconds down', (now: number) => (now % 10_000 < 5_000 ? ok : refused)],
    ['three of ten requests broken', (now: number) => (now % 1_000 === 0 ? ok : now % 100 < 30 ? broken : answered)],
  ])('does not swing faster than once in ten seconds: %s', (_, signalAt) => {
    let state = stateAfter(ok);
    const openings: number[] = [];
    for (let now = 1_000; now < 300_000; now += 10) {
      const before = state.state;
      state = nextHealth(state, signalAt(now), limits, now);
      if (!isOut(before) && isOut(state.state)) openings.push(now);
    }
    expect(openings.length).toBeGreaterThan(2);
    expect(openings.length).toBeLessThanOrEqual(12);
  });
});
