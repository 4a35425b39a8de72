import { beforeAll, describe, expect, test } from 'vitest';
import { initHash } from '../../src/placement/hash.ts';
import { pending } from './pending.ts';
import { simulate } from './simulate.ts';

/** The short run of the simulation: these seeds each time. `npm run simulate` is the long one. */
const first = 1_000;
const runs = 60;

beforeAll(initHash);

describe('simulated schedules', () => {
  test('replay from their seed, event by event', async () => {
    const options = { seed: first, ...pending };
    const once = await simulate(options);
    expect(once.events.length).toBeGreaterThan(10);
    expect(await simulate(options)).toEqual(once);
    expect((await simulate({ ...options, seed: first + 1 })).events).not.toEqual(once.events);
  });

  test(`lose nothing, bring nothing back and leave no copies different (${runs} seeds)`, async () => {
    let acknowledged = 0;
    for (let seed = first; seed < first + runs; seed++) {
      const result = await simulate({ seed, ...pending });
      expect(result.findings, `seed ${seed}:\n${result.events.join('\n')}`).toEqual([]);
      acknowledged += result.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(runs * 10);
  }, 180_000);
});
