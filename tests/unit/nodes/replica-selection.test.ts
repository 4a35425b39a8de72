import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReplicaSelection, type ReplicaSelection } from '../../../src/nodes/replica-selection.ts';
import { type VirtualTime, virtualTime } from '../../support/virtual-time.ts';

const nodes = ['a', 'b', 'c'];

/** A read: on which node, how long it took, how it ended, when the next one begins. */
interface Read {
  node: string;
  ms: number;
  result: 'answered' | 'failed' | 'abandoned' | 'never';
  gap: number;
}

function setUp(more: { suspect?: Set<string>; adaptive?: boolean } = {}) {
  const time = virtualTime();
  const selection = createReplicaSelection({
    timing: time,
    suspect: (node) => more.suspect?.has(node) ?? false,
    adaptive: more.adaptive ?? true,
    minDifference: 20,
    probeInterval: 2_000,
    minHedgeDelay: 20,
  });
  return { time, selection };
}

function send(time: VirtualTime, selection: ReplicaSelection, { node, ms, result }: Read): void {
  const end = selection.begin(node);
  if (result !== 'never') time.after(ms, () => end(result));
}

async function replay(reads: readonly Read[]) {
  const { time, selection } = setUp();
  for (const read of reads) {
    send(time, selection, read);
    await time.advance(read.gap);
    selection.standings(nodes);
  }
  return selection.standings(nodes);
}

/** Place of a node: 0 when nobody is preferred to it; the more the worse. */
function place(standings: Awaited<ReturnType<typeof replay>>, node: string): number {
  const order = { good: 0, slow: 1, suspect: 2 };
  const own = standings.get(node)!;
  const before = [...standings.values()].filter(
    ({ rank, cost }) => order[rank] < order[own.rank] || (rank === own.rank && rank !== 'good' && cost < own.cost),
  );
  return before.length;
}

const read = fc.record({
  node: fc.constantFrom(...nodes),
  ms: fc.integer({ min: 1, max: 400 }),
  result: fc.constantFrom<Read['result']>('answered', 'answered', 'answered', 'failed', 'abandoned'),
  gap: fc.integer({ min: 0, max: 100 }),
});
const history = fc.array(read, { minLength: 1, maxLength: 60 });

async function steadily(time: VirtualTime, selection: ReplicaSelection, ms: Record<string, number>, forMs: number) {
  for (let passed = 0; passed < forMs; passed += 20) {
    for (const node of nodes) send(time, selection, { node, ms: ms[node] ?? 5, result: 'answered', gap: 0 });
    await time.advance(20);
    selection.standings(nodes);
  }
}

const ranks = (selection: ReplicaSelection) => nodes.map((node) => selection.standings(nodes).get(node)?.rank);

describe('adaptive replica selection', () => {
  it('never ranks a node better for having been slower', async () => {
    const slower = fc.integer({ min: 0, max: 1_000 });
    await fc.assert(
      fc.asyncProperty(history, slower, async (reads, by) => {
        // everything ends before the next begins, so that only the time itself differs
        const apart = reads.map((one) => ({ ...one, gap: 1_500 }));
        const after = apart.map((one) => (one.node === 'a' ? { ...one, ms: one.ms + by } : one));
        const [before, worse] = [await replay(apart), await replay(after)];
        expect(place(worse, 'a')).toBeGreaterThanOrEqual(place(before, 'a'));
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('never ranks a node better for having failed where it had answered', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(59), async (reads, at) => {
        const failing = reads.map((one, i) =>
          i >= at && one.node === 'a' ? { ...one, result: 'failed' as const } : one,
        );
        const [before, worse] = [await replay(reads), await replay(failing)];
        expect(place(worse, 'a')).toBeGreaterThanOrEqual(place(before, 'a'));
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it('never ranks a node better for having more to do', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 40 }), async (reads, more) => {
        const load = Array.from({ length: more }, (): Read => ({ node: 'a', ms: 0, result: 'never', gap: 0 }));
        const settled = reads.map((one) => ({ ...one, gap: 500 }));
        const [before, worse] = [await replay(settled), await replay([...settled, ...load])];
        expect(place(worse, 'a')).toBeGreaterThanOrEqual(place(before, 'a'));
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('takes nodes of like speed for equals, whatever single reads take', async () => {
    const { time, selection } = setUp();
    await steadily(time, selection, { a: 10, b: 14, c: 19 }, 2_000);
    expect(ranks(selection)).toEqual(['good', 'good', 'good']);
    send(time, selection, { node: 'a', ms: 190, result: 'answered', gap: 0 });
    await time.advance(195);
    expect(ranks(selection)).toEqual(['good', 'good', 'good']);
  });

  it('avoids a node within half a second when it becomes slow, and accepts it again when looks at it go well', async () => {
    const { time, selection } = setUp();
    await steadily(time, selection, {}, 2_000);
    await steadily(time, selection, { b: 505 }, 1_000);
    expect(ranks(selection)).toEqual(['good', 'slow', 'good']);
    expect(selection.avoids('b')).toBe(true);
    await time.advance(600);

    const looks: number[] = [];
    for (let i = 0; i < 1_500; i++) {
      for (const node of ['a', 'c']) send(time, selection, { node, ms: 5, result: 'answered', gap: 0 });
      if (selection.standings(nodes).get('b')?.rank !== 'slow') break;
      if (selection.probeDue('b')) {
        looks.push(time.elapsed());
        send(time, selection, { node: 'b', ms: 5, result: 'answered', gap: 0 });
      }
      await time.advance(20);
    }
    expect(ranks(selection)).toEqual(['good', 'good', 'good']);
    expect(looks.length).toBeLessThanOrEqual(5);
    for (const [i, at] of looks.slice(1).entries()) expect(at - (looks[i] ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('avoids a silent node at once, even while every read to it is given up, and until it answers', async () => {
    const { time, selection } = setUp();
    await steadily(time, selection, {}, 2_000);
    for (let i = 0; i < 15; i++) {
      send(time, selection, { node: 'b', ms: 30, result: 'abandoned', gap: 0 });
      for (const node of ['a', 'c']) send(time, selection, { node, ms: 5, result: 'answered', gap: 0 });
      await time.advance(20);
    }
    expect(ranks(selection)).toEqual(['good', 'slow', 'good']);
    await steadily(time, { ...selection, begin: (node) => selection.begin(node === 'b' ? 'a' : node) }, {}, 20_000);
    expect(ranks(selection)).toEqual(['good', 'slow', 'good']);
    selection.forget('b');
    expect(ranks(selection)).toEqual(['good', 'good', 'good']);
  });

  it('avoids a node that fails fast', async () => {
    const { time, selection } = setUp();
    await steadily(time, selection, {}, 1_000);
    for (let i = 0; i < 50; i++) {
      send(time, selection, { node: 'a', ms: 1, result: 'failed', gap: 0 });
      for (const node of ['b', 'c']) send(time, selection, { node, ms: 5, result: 'answered', gap: 0 });
      await time.advance(20);
    }
    expect(ranks(selection)).toEqual(['slow', 'good', 'good']);
  });

  it('tells suspects apart, and with adaptive off nothing else', async () => {
    const suspect = new Set(['c']);
    const { time, selection } = setUp({ suspect, adaptive: false });
    await steadily(time, selection, { a: 500 }, 2_000);
    expect(ranks(selection)).toEqual(['good', 'good', 'suspect']);
  });

  it('hedges after the 95th percentile of the node, within bounds', async () => {
    const { time, selection } = setUp();
    expect(selection.hedgeDelay('a')).toBe(200);
    for (let i = 1; i <= 100; i++) {
      send(time, selection, { node: 'b', ms: i, result: 'answered', gap: 0 });
      send(time, selection, { node: 'c', ms: 1, result: 'answered', gap: 0 });
      await time.advance(100);
    }
    expect(selection.hedgeDelay('b')).toBe(95);
    expect(selection.hedgeDelay('c')).toBe(20);
  });
});
