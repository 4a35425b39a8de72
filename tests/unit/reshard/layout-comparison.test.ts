import { setImmediate as soon } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { createThrottle } from '../../../src/repair/throttle.ts';
import { shardClasses } from '../../../src/reshard/layout.ts';
import { createLayoutComparison } from '../../../src/reshard/layout-comparison.ts';
import { createRng, type Rng } from '../../support/rng.ts';
import { contentOf, fakeLayouts } from './fake-layouts.ts';

beforeAll(initHash);

type Layouts = ReturnType<typeof fakeLayouts>;
/** Writes of one run at most. */
const mostWrites = 400;
const idOf = (n: number) => `d${n}`;

/** One write of a client, whatever it may be. */
function randomWrite(layouts: Layouts, rng: Rng, documents: number): Promise<void> {
  const some = Array.from({ length: rng.between(1, 6) }, () => rng.int(documents * 1.2));
  const ids = some.map(idOf);
  const roll = rng.next();
  const [every, rest, step] = [rng.between(5, 30), rng.int(5), rng.int(1_000)];
  if (roll < 0.3) return layouts.write(ids, layouts.put(some.map((n) => ({ id: idOf(n), n, step }))));
  if (roll < 0.5)
    return layouts.write(
      ids,
      layouts.put(
        some.map((n) => ({ id: idOf(n), n, more: step })),
        'update',
      ),
    );
  if (roll < 0.7)
    return layouts.write(ids, (held) => {
      for (const id of ids) held.delete(id);
    });
  const passes = (n: number) => n % every === rest;
  if (roll < 0.85) {
    return layouts.write(null, (held) => {
      for (const [id, { n }] of held) if (passes(n)) held.delete(id);
    });
  }
  return layouts.write(null, (held) => {
    for (const [id, doc] of held) if (passes(doc.n)) held.set(id, { ...doc, edited: `${doc.edited ?? ''}+${step}` });
  });
}

test('both layouts are equal in the end, whatever is written while they are compared (property)', async () => {
  const run = async (seed: number, from: number, to: number, eager: boolean) => {
    const rng = createRng(seed);
    const layouts = fakeLayouts(rng, from, to);
    // more than a page, or less
    const documents = rng.chance(0.25) ? 450 : 120;
    const all = Array.from({ length: documents }, (_, n) => ({ id: idOf(n), n }));
    await layouts.write(
      all.map(({ id }) => id),
      layouts.put(all),
      false,
    );
    const stray = { id: 'gone', n: 0 };
    await layouts.there.take(layouts.put([stray]));

    const writes: Promise<void>[] = [];
    let writing = true;
    const writer = (async () => {
      // a node that is never done with its queue would keep everybody waiting
      while (writing && writes.length < mostWrites) {
        writes.push(randomWrite(layouts, rng, documents));
        for (let waits = rng.int(eager ? 3 : 30); waits > 0; waits--) await soon();
      }
    })();

    const { signal } = new AbortController();
    const watch = layouts.watches.watch(layouts.index.id);
    const comparison = createLayoutComparison({
      ...layouts,
      throttle: createThrottle(null),
      timeoutMs: 1_000,
      copies: Array.from({ length: to }, (_, shard) => ({ shard, nodeId: 'b' })),
      watch,
      source: () => 'a',
      still: () => true,
      onRead: () => undefined,
      onStored: () => undefined,
    });
    const suspects = new Set<string>();
    for (const shards of [...shardClasses(from, to), ...(rng.chance(0.5) ? shardClasses(from, to) : [])]) {
      for (const id of (await comparison.whole(shards, signal)).suspects) suspects.add(id);
    }
    const left = (await comparison.some([...suspects], signal)).suspects;
    // here writes are held back
    writing = false;
    await writer;
    await Promise.all(writes);
    await comparison.some([...left], signal);
    expect((await comparison.some([...left], signal)).differed).toBe(0);
    expect(contentOf(layouts.there)).toEqual(contentOf(layouts.here));
    const counts = await comparison.counts(signal);
    expect(counts.shadow).toEqual([counts.index]);
    watch.stop();
    return left.size;
  };
  const shards = fc.integer({ min: 1, max: 6 });
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), shards, shards, fc.boolean(), async (seed, from, to, eager) => {
      await run(seed, from, to, eager);
    }),
    { seed: 17, numRuns: 300 },
  );
}, 120_000);
