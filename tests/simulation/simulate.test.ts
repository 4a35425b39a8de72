import { beforeAll, describe, expect, test } from 'vitest';
import { initHash } from '../../src/placement/hash.ts';
import type { Store } from '../../src/store/store.ts';
import { simulate } from './simulate.ts';

/** The short run of the simulation: these seeds each time. `npm run simulate` is the long one. */
const first = 1_000;
const runs = 60;

beforeAll(initHash);

describe('simulated schedules', () => {
  test('replay from their seed, event by event', async () => {
    const options = { seed: first };
    const once = await simulate(options);
    expect(once.events.length).toBeGreaterThan(10);
    expect(await simulate(options)).toEqual(once);
    expect((await simulate({ seed: first + 1 })).events).not.toEqual(once.events);
  });

  test(`lose nothing, bring nothing back and leave no copies different (${runs} seeds)`, async () => {
    let acknowledged = 0;
    for (let seed = first; seed < first + runs; seed++) {
      const result = await simulate({ seed });
      expect(result.findings, `seed ${seed}:\n${result.events.join('\n')}`).toEqual([]);
      acknowledged += result.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(runs * 10);
  }, 180_000);
});

describe('what the schedules find when Miroir', () => {
  /** A store that is the given one but for some of its methods. */
  const changed = (store: Store, methods: Partial<Store>): Store =>
    new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });

  /** What is found first, in as many seeds as the tests above take. */
  async function firstFindings(spoil: (store: Store) => Store): Promise<string> {
    for (let seed = first; seed < first + runs; seed++) {
      const { findings } = await simulate({ seed, spoil });
      if (findings.length > 0) return findings.join('\n');
    }
    return 'nothing';
  }

  test('takes every disk for the one that it was', async () => {
    const found = await firstFindings((store) => changed(store, { newestNodeTask: async () => null }));
    expect(found).toMatch(/lost|differs/);
  }, 180_000);

  test('forgets which copies missed a write', async () => {
    const withoutMarks = (store: Store) =>
      changed(store, { commit: (changes) => store.commit(changes.filter(({ kind }) => kind !== 'putStale')) });
    expect(await firstFindings(withoutMarks)).toMatch(/lost|differs/);
  }, 180_000);
});
