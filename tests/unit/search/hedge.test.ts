import { beforeAll, describe, expect, it } from 'vitest';
import { createExtraBudget } from '../../../src/nodes/budget.ts';
import { type NodeClient, NodeError } from '../../../src/nodes/client.ts';
import { createReplicaSelection } from '../../../src/nodes/replica-selection.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { createTopologyView } from '../../../src/placement/topology.ts';
import { createScatter, type ScatterOptions, type ScatterResult } from '../../../src/search/scatter.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { steadyView } from '../placement/steady-view.ts';
import { indexRecord } from './fixtures.ts';

beforeAll(initHash);

/** How a simulated node behaves: milliseconds to an answer, silence, or an error after some milliseconds. */
type Behaviour = number | 'silent' | { fails: number };

interface Cluster {
  nodes: number;
  groups?: number;
  copies: number;
  budget?: number;
  options?: Partial<ScatterOptions>;
}

/** Simulated nodes `n0`, `n1`, ... behind a scatter, on virtual time. */
function simulate({ nodes, groups = 1, copies, budget = 10, options }: Cluster) {
  const time = virtualTime();
  const behaviour = new Map<string, Behaviour>();
  const suspects = new Set<string>();
  const down = new Set<string>();
  const sent: { node: string; at: number }[] = [];
  const open = new Map<string, number>();
  const hedges: Record<string, number> = { won: 0, lost: 0, over_budget: 0 };
  const counts = { retries: 0, partial: 0 };
  const records = Array.from({ length: nodes * groups }, (_, i) => ({
    id: `n${i}`,
    address: '',
    group: Math.floor(i / nodes),
  }));
  const topology = createTopologyView({ version: 1, replicationFactor: copies, nodes: records });
  const index = indexRecord({ shards: 12 });

  const client = (id: string): NodeClient => ({
    id,
    request: ({ path, signal }) =>
      new Promise((resolve, reject) => {
        sent.push({ node: id, at: time.now() });
        open.set(id, (open.get(id) ?? 0) + 1);
        const done = (end: () => void) => {
          open.set(id, (open.get(id) ?? 0) - 1);
          end();
        };
        const does = behaviour.get(id) ?? 5;
        signal?.addEventListener('abort', () => done(() => reject(new NodeError(id, 'aborted', 'given up'))));
        if (does === 'silent') return;
        if (typeof does === 'number') time.after(does, () => done(() => resolve({ status: 200, text: `"${path}"` })));
        else time.after(does.fails, () => done(() => reject(new NodeError(id, 'broken', 'reset'))));
      }),
    async close() {},
  });
  const selection = createReplicaSelection({
    timing: time,
    suspect: (node) => suspects.has(node),
    adaptive: true,
    minDifference: 20,
    probeInterval: 2_000,
    minHedgeDelay: 20,
  });
  const scatter = createScatter({
    view: () => steadyView(topology, { up: (node) => !down.has(node) }),
    clients: { get: client },
    timing: time,
    selection,
    leastLoadedGroup: false,
    hedging: true,
    budget: createExtraBudget(budget),
    nodeTimeoutMs: 5_000,
    unavailableShards: 'partial',
    errors: { toLogical: (body) => body },
    metrics: {
      fanOut: () => {},
      retry: () => counts.retries++,
      hedge: (outcome) => {
        hedges[outcome] = (hedges[outcome] ?? 0) + 1;
      },
      partial: () => counts.partial++,
    },
    ...options,
  });

  /** One read with its virtual duration and outcome, once it has ended. */
  interface Read {
    took: number | null;
    result: ScatterResult<string> | null;
    error: unknown;
  }
  function read(startGroup: number): Read {
    const begun = time.now();
    const seen: Read = { took: null, result: null, error: null };
    const ended = () => {
      seen.took = time.now() - begun;
    };
    scatter({
      index,
      shards: Array.from({ length: 12 }, (_, i) => i),
      startGroup,
      build: (shards, _, node) => ({ method: 'GET', path: `${node}:${shards.join()}` }),
      read: (text) => JSON.parse(text) as string,
    }).then(
      (result) => {
        seen.result = result;
        ended();
      },
      (error: unknown) => {
        seen.error = error;
        ended();
      },
    );
    return seen;
  }

  /** So many reads per second for a while, each of another query. */
  let seed = 0;
  async function load(perSecond: number, forMs: number): Promise<Read[]> {
    const reads: Read[] = [];
    for (let passed = 0; passed < forMs; passed += 1_000 / perSecond) {
      reads.push(read(seed++));
      await time.advance(1_000 / perSecond);
    }
    return reads;
  }

  return { time, behaviour, suspects, down, sent, open, hedges, counts, selection, read, load };
}

const shardsOf = (result: ScatterResult<string> | null) =>
  (result?.answers ?? []).flatMap((answer) => [...answer.shards]).sort((a, b) => a - b);
const all = Array.from({ length: 12 }, (_, i) => i);
const durations = (reads: { took: number | null }[]) => reads.map(({ took }) => took ?? Number.POSITIVE_INFINITY);

describe('hedged reads', () => {
  it('answer within the hedge delay when a node hangs, and soon ask it no more', async () => {
    const sim = simulate({ nodes: 3, copies: 2 });
    await sim.load(50, 3_000);
    sim.behaviour.set('n1', 'silent');
    const begun = sim.time.now();
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
    for (let round = 0; round < 40; round++) {
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
    const slow = sim.time.now();
    const reads = await sim.load(100, 20_000);
    expect(share(slow, slow + 10_000)).toBeLessThan(0.033);
    const sorted = durations(reads).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.99)]).toBeLessThan(30);
    sim.behaviour.set('n1', 5);
    const healed = sim.time.now();
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
