import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HealthSignal, initialHealth, nextHealth } from '../../../src/nodes/health-state.ts';

const limits = { downAfter: 3, upAfter: 2 };
const ok: HealthSignal = { kind: 'probeSucceeded' };
const bad: HealthSignal = { kind: 'probeFailed', error: 'no answer in time' };
const refused: HealthSignal = { kind: 'refused', error: 'cannot connect' };
const answered: HealthSignal = { kind: 'answered' };

function stateAfter(...signals: HealthSignal[]) {
  return signals.reduce((state, signal, step) => nextHealth(state, signal, limits, step + 1), initialHealth(0));
}

describe('node health', () => {
  it('is unknown until the first probe, which decides alone', () => {
    expect(stateAfter().state).toBe('unknown');
    expect(stateAfter(answered).state).toBe('unknown');
    expect(stateAfter(ok)).toEqual({ state: 'up', since: 1, failures: 0, successes: 0, lastError: null });
    expect(stateAfter(bad)).toMatchObject({ state: 'down', failures: 1, lastError: 'no answer in time' });
  });

  it('goes down after three failed probes in a row, not after three in all', () => {
    expect(stateAfter(ok, bad, bad)).toMatchObject({
      state: 'up',
      since: 1,
      failures: 2,
      lastError: 'no answer in time',
    });
    expect(stateAfter(ok, bad, bad, bad)).toMatchObject({ state: 'down', since: 4, failures: 3 });
    expect(stateAfter(ok, bad, bad, ok, bad, bad).state).toBe('up');
  });

  it('goes down at once when a connection is refused', () => {
    expect(stateAfter(ok, refused)).toMatchObject({
      state: 'down',
      since: 2,
      failures: 1,
      lastError: 'cannot connect',
    });
  });

  it('forgets failures when a real request is answered', () => {
    expect(stateAfter(ok, bad, bad, answered, bad, bad).state).toBe('up');
    expect(stateAfter(ok, bad, answered)).toMatchObject({ failures: 0, lastError: null });
  });

  it('comes up after two successful probes in a row, and answers alone do not bring it up', () => {
    expect(stateAfter(ok, refused, ok).state).toBe('down');
    expect(stateAfter(ok, refused, ok, bad, ok).state).toBe('down');
    expect(stateAfter(ok, refused, answered, answered, answered).state).toBe('down');
    expect(stateAfter(ok, refused, ok, ok)).toEqual({
      state: 'up',
      since: 4,
      failures: 0,
      successes: 0,
      lastError: null,
    });
  });

  it('keeps the beginning of a state while the state lasts', () => {
    expect(stateAfter(ok, refused, bad, refused, bad)).toMatchObject({ state: 'down', since: 2, failures: 4 });
  });

  it('is up exactly when the signals since the last change say so, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(ok, bad, refused, answered), { maxLength: 40 }), (signals) => {
        const state = stateAfter(...signals);
        const tail = signals.slice(-limits.upAfter);
        if (tail.length === limits.upAfter && tail.every((signal) => signal === ok)) expect(state.state).toBe('up');
        if (signals.at(-1) === refused) expect(state.state).toBe('down');
        if (signals.length >= 3 && signals.slice(-3).every((signal) => signal === bad))
          expect(state.state).toBe('down');
        expect(state.state === 'unknown').toBe(signals.every((signal) => signal === answered));
        expect(state.since).toBeLessThanOrEqual(signals.length);
      }),
      { seed: 7 },
    );
  });
});
