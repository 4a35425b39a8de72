import { beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import type { ScatterResult } from '../../../src/search/scatter.ts';
import { type Behaviour, simulateReads as simulate } from '../../support/simulated-reads.ts';

beforeAll(initHash);

const shardsOf = (result: ScatterResult<string> | null) =>
  (result?.answers ?? []).flatMap((answer) => [...answer.shards]).sort((a, b) => a - b);
const all = Array.from({ length: 12 }, (_, i) => i);
const durations = (reads: { took: number | null }[]) => reads.map(({ took }) => took ?? Number.POSITIVE_INFINITY);

describe('hedged reads', () => {
  it('answer within the hedge delay when a node hangs, and soon ask it no more', async () => {
    const sim = simulate({ nodes: 3, copies: 2 });
    await sim.load(50, 3_000);
    sim.behaviour.set('n1', 'silent');
    const begun = sim.time.elapsed();
    const reads = await sim.load(50, 10_000);
    await sim.time.advance(20_000);
    for (const { result } of reads) expect([shardsOf(result), result?.missing]).toEqual([all, []]);
    expect(Math.max(...durations(reads))).toBeLessThan(100);
    const late = sim.sent.filter(({ node, at }) => node === 'n1' && at > begun + 500 && at < begun + 10_000);
    expect(late.length).toBeLessThanOrEqual(6);
    expect(sim.hedges.won).toBeGreaterThan(0);
    expect(sim.open.get('n1')).toBe(0);
  });

  it('stay within the budget, and the late node still answers in the end', async () => {
    const sim = simulate({ nodes: 3, copies: 2, budget: 0 });
    await sim.load(50, 2_000);
    sim.behaviour.set('n1', 150);
    const reads = await sim.load(50, 150);
    await sim.time.advance(1_000);
    expect(Math.max(...durations(reads))).toBeGreaterThanOrEqual(150);
    expect(sim.hedges.won).toBe(0);
    expect(sim.hedges.over_budget).toBeGreaterThan(0);
    expect(reads.every(({ result }) => result?.missing.length === 0)).toBe(true);
  });

  it('cost no more than a tenth, whatever the nodes do', async () => {
    const sim = simulate({ nodes: 3, copies: 2 });
    const times = [5, 250, 8, 1_000, 40, 5, 120, 10] as const;
    const before = sim.sent.length;
    const reads = [];
    for (let round = 0; round < 24; round++) {
      for (const node of [0, 1, 2]) sim.behaviour.set(`n${node}`, times[(round * 3 + node * 5) % times.length] ?? 5);
      reads.push(...(await sim.load(100, 500)));
    }
    await sim.time.advance(20_000);
    const ordinary = 2 * reads.length;
    expect(reads.every(({ result }) => result?.missing.length === 0)).toBe(true);
    expect(sim.sent.length - before).toBeLessThanOrEqual(1.1 * ordinary + 20);
    expect(sim.hedges.won).toBeGreaterThan(20);
  });

  it('are split over several nodes when no single other one has all the shards', async () => {
    const sim = simulate({ nodes: 4, copies: 2 });
    await sim.load(50, 2_000);
    sim.behaviour.set('n2', 'silent');
    const reads = await sim.load(50, 400);
    await sim.time.advance(1_000);
    for (const { result } of reads) {
      expect(shardsOf(result)).toEqual(all);
      expect(result?.answers.some(({ nodeId }) => nodeId === 'n2')).toBe(false);
    }
  });

  it('take whichever side is good when the other fails, and go over to others when both do', async () => {
    const sim = simulate({ nodes: 3, copies: 3 });
    await sim.load(50, 2_000);
    const cases: Behaviour[][] = [
      [{ fails: 60 }, 90, 90],
      [90, { fails: 10 }, { fails: 10 }],
      [{ fails: 60 }, { fails: 60 }, 5],
    ];
    for (const behaviours of cases) {
      for (const first of [0, 1, 2]) {
        for (const i of [0, 1, 2]) sim.behaviour.set(`n${(first + i) % 3}`, behaviours[i] ?? 5);
        const read = sim.read(first);
        await sim.time.advance(2_000);
        expect([shardsOf(read.result), read.result?.missing]).toEqual([all, []]);
      }
    }
    expect(sim.counts.retries).toBeGreaterThan(0);
    expect(sim.hedges.lost).toBeGreaterThan(0);
    expect(sim.hedges.won).toBeGreaterThan(0);
  });

  it('do without the budget when the node has been found suspect or down meanwhile, and with hedging off too', async () => {
    for (const state of ['suspects', 'down'] as const) {
      const sim = simulate({ nodes: 2, copies: 2, budget: 0, options: { hedging: false } });
      await sim.load(50, 2_000);
      sim.behaviour.set('n0', 'silent');
      sim.behaviour.set('n1', 'silent');
      const read = sim.read(1);
      await sim.time.advance(100);
      const asked = sim.sent.at(-1)?.node ?? '';
      const other = asked === 'n0' ? 'n1' : 'n0';
      expect(read.took).toBeNull();
      sim.behaviour.set(other, 5);
      sim[state].add(asked);
      await sim.time.advance(100);
      expect(shardsOf(read.result)).toEqual(all);
      expect(read.took).toBeLessThan(250);
    }
  });

  it('do not go to a slow node because a good one is late once', async () => {
    const sim = simulate({ nodes: 2, copies: 2 });
    sim.behaviour.set('n1', 400);
    await sim.load(50, 6_000);
    const before = { ...sim.hedges };
    let request = 0;
    sim.behaviour.set('n0', () => (request++ % 25 === 0 ? 90 : 5));
    const from = sim.time.elapsed();
    await sim.load(50, 4_000);
    expect(sim.hedges).toEqual(before);
    // a look now and then, no more
    expect(sim.sent.filter(({ node, at }) => node === 'n1' && at >= from).length).toBeLessThanOrEqual(3);
  });

  it('leave time for another copy before the deadline, and then say what is missing', async () => {
    const sim = simulate({ nodes: 3, copies: 3, budget: 0 });
    for (const node of ['n0', 'n1', 'n2']) sim.behaviour.set(node, 'silent');
    const read = sim.read(1);
    await sim.time.advance(4_999);
    expect(new Set(sim.sent.map(({ node }) => node)).size).toBe(1);
    await sim.time.advance(5_001);
    expect(new Set(sim.sent.map(({ node }) => node)).size).toBe(3);
    expect(read.error).toMatchObject({ code: 'miroir_shard_unavailable' });
    expect(read.took).toBeLessThanOrEqual(10_000);
  });
});

describe('steering reads', () => {
  it('moves more than nine of ten reads away from a slow copy in ten seconds, and brings them back in thirty', async () => {
    const sim = simulate({ nodes: 3, copies: 2 });
    const share = (from: number, to: number) => {
      const within = sim.sent.filter(({ at }) => at >= from && at < to);
      return within.filter(({ node }) => node === 'n1').length / within.length;
    };
    await sim.load(100, 5_000);
    expect(share(0, 5_000)).toBeCloseTo(1 / 3, 1);
    sim.behaviour.set('n1', 505);
    const slow = sim.time.elapsed();
    const reads = await sim.load(100, 20_000);
    expect(share(slow, slow + 10_000)).toBeLessThan(0.033);
    const sorted = durations(reads).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.99)]).toBeLessThan(30);
    sim.behaviour.set('n1', 5);
    const healed = sim.time.elapsed();
    await sim.load(100, 35_000);
    expect(share(healed + 30_000, healed + 35_000)).toBeCloseTo(1 / 3, 1);
  });

  it('gives one query the same copies again and again, under load and while another node is slow', async () => {
    const sim = simulate({ nodes: 4, copies: 2 });
    sim.behaviour.set('n3', 300);
    await sim.load(50, 5_000);
    const seen = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const read = sim.read(7);
      await sim.load(20, 100);
      seen.add(JSON.stringify(read.result?.answers.map(({ nodeId, shards }) => [nodeId, shards])));
    }
    expect(seen.size).toBe(1);
  });

  it('falls over to the other group only for the shards of the node that hangs', async () => {
    const sim = simulate({ nodes: 3, groups: 2, copies: 1 });
    await sim.load(50, 2_000);
    sim.suspects.add('n0');
    sim.behaviour.set('n0', 'silent');
    const read = sim.read(0);
    await sim.time.advance(50);
    expect(shardsOf(read.result)).toEqual(all);
    const nodes = new Set(read.result?.answers.map(({ nodeId }) => nodeId));
    expect([nodes.has('n0'), nodes.has('n1'), nodes.has('n2')]).toEqual([false, true, true]);
  });

  it('asks a suspect node when nobody else has the shards', async () => {
    const sim = simulate({ nodes: 2, copies: 1 });
    sim.suspects.add('n0');
    const read = sim.read(0);
    await sim.time.advance(50);
    expect(shardsOf(read.result)).toEqual(all);
  });
});

describe('reads while nodes are watched', () => {
  const complete = (read: { result: ScatterResult<string> | null }) => shardsOf(read.result).length === all.length;

  it('suspect a hung node within three seconds, and use it again within thirty of its waking', async () => {
    const sim = simulate({ nodes: 3, copies: 2, watched: true });
    await Promise.all([sim.health.start(), sim.time.advance(100)]);
    await sim.load(50, 3_000);
    sim.behaviour.set('n1', 'silent');
    const hung = sim.time.elapsed();
    const reads = await sim.load(50, 20_000);
    const states = sim.changes.filter(({ node, at }) => node === 'n1' && at >= hung);
    expect(states.map(({ state }) => state)).toEqual(['suspect', 'down']);
    expect((states[0]?.at ?? 0) - hung).toBeLessThanOrEqual(3_000);
    sim.behaviour.set('n1', 5);
    const woke = sim.time.elapsed();
    reads.push(...(await sim.load(50, 30_000)));
    await sim.time.advance(10_000);
    expect(reads.every(complete)).toBe(true);
    expect(Math.max(...durations(reads))).toBeLessThan(100);
    const last = sim.sent.filter(({ at }) => at > woke + 25_000);
    expect(last.filter(({ node }) => node === 'n1').length / last.length).toBeCloseTo(1 / 3, 1);
    sim.health.stop();
  });

  it('survive a node that is there for five seconds and gone for five, without swinging with it', async () => {
    const sim = simulate({ nodes: 3, copies: 2, watched: true });
    await Promise.all([sim.health.start(), sim.time.advance(100)]);
    sim.behaviour.set('n1', () => (sim.time.elapsed() % 10_000 < 5_000 ? 5 : 'gone'));
    const reads = await sim.load(50, 60_000);
    await sim.time.advance(10_000);
    expect(reads.every(complete)).toBe(true);
    const openings = sim.changes.filter(({ node, state }) => node === 'n1' && state === 'down');
    expect(openings.length).toBeGreaterThan(1);
    expect(openings.length).toBeLessThanOrEqual(6);
    expect(sim.sent.length).toBeLessThan(2.2 * reads.length + 50);
    sim.health.stop();
  });

  it('survive a node that breaks three of ten connections, and hardly ask it', async () => {
    const sim = simulate({ nodes: 3, copies: 2, watched: true });
    await Promise.all([sim.health.start(), sim.time.advance(100)]);
    let request = 0;
    // steps of the golden ratio fall evenly, so that three of ten fail in no simple rhythm
    sim.behaviour.set('n1', () => ((request++ * 0.618_034) % 1 < 0.3 ? { fails: 2 } : 5));
    const reads = await sim.load(50, 60_000);
    await sim.time.advance(10_000);
    expect(reads.every(complete)).toBe(true);
    const openings = sim.changes.filter(({ node, state }) => node === 'n1' && state === 'suspect');
    expect(openings.length).toBeLessThanOrEqual(6);
    expect(sim.sent.filter(({ node }) => node === 'n1').length / sim.sent.length).toBeLessThan(0.1);
    expect(sim.sent.length).toBeLessThan(2.2 * reads.length + 50);
    sim.health.stop();
  });
});
