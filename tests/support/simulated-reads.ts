import { createExtraBudget } from '../../src/nodes/budget.ts';
import { type NodeClient, NodeError, type NodeRequest, type NodeResponse } from '../../src/nodes/client.ts';
import { createHealth } from '../../src/nodes/health.ts';
import { createReplicaSelection } from '../../src/nodes/replica-selection.ts';
import { readLayout } from '../../src/placement/read-layout.ts';
import { createTopologyView } from '../../src/placement/topology.ts';
import { createScatter, type ScatterOptions, type ScatterResult } from '../../src/search/scatter.ts';
import { steadyView } from '../unit/placement/steady-view.ts';
import { indexRecord } from '../unit/search/fixtures.ts';
import { virtualTime } from './virtual-time.ts';

/** How a simulated node behaves: milliseconds to an answer, silence, an error after some milliseconds, or nobody there. */
export type Behaviour = number | 'silent' | 'gone' | { fails: number };

/** What to simulate. */
export interface SimulationOptions {
  /** Nodes per group. */
  nodes: number;
  groups?: number;
  copies: number;
  /** `search.hedging.budget`. */
  budget?: number;
  /** Watch the nodes by probes, too; else they are suspect or down only as the test says. */
  watched?: boolean;
  options?: Partial<ScatterOptions>;
}

/** One read with its virtual duration and outcome, null until it has ended. */
export interface SimulatedRead {
  took: number | null;
  result: ScatterResult<string> | null;
  error: unknown;
}

const shards = 12;
const healthTimes = { interval: 1_000, timeout: 2_000, suspectAfter: 1_000, backoff: 10_000, maxBackoff: 60_000 };

/** Simulated nodes `n0`, `n1`, ... behind a real scatter, choice of copies and health, on virtual time. */
export function simulateReads({ nodes, groups = 1, copies, budget = 10, watched = false, options }: SimulationOptions) {
  const time = virtualTime();
  const behaviour = new Map<string, Behaviour | (() => Behaviour)>();
  const suspects = new Set<string>();
  const down = new Set<string>();
  const sent: { node: string; at: number }[] = [];
  const open = new Map<string, number>();
  const hedges: Record<string, number> = { won: 0, lost: 0, over_budget: 0 };
  const counts = { retries: 0, partial: 0 };
  const changes: { node: string; state: string; at: number }[] = [];
  const records = Array.from({ length: nodes * groups }, (_, i) => ({
    id: `n${i}`,
    address: '',
    group: Math.floor(i / nodes),
    slot: `n${i}`,
    state: 'active' as const,
  }));
  const topology = createTopologyView({ version: 1, replicationFactor: copies, nodes: records, retired: [] });
  const index = indexRecord({ shards });

  /** A request as the node takes it. */
  function answer(id: string, { path, signal, timeoutMs = 5_000 }: NodeRequest): Promise<NodeResponse> {
    return new Promise((resolve, reject) => {
      const set = behaviour.get(id) ?? 5;
      const does = typeof set === 'function' ? set() : set;
      const fail = (kind: NodeError['kind']) => reject(new NodeError(id, kind, kind));
      signal?.addEventListener('abort', () => fail('aborted'));
      const text = path === '/version' ? '{"pkgVersion":"1.21.0"}' : `"${path}"`;
      if (does === 'gone') fail('refused');
      else if (does === 'silent') time.after(timeoutMs, () => fail('timeout'));
      else if (typeof does === 'number') time.after(does, () => resolve({ status: 200, text }));
      else time.after(does.fails, () => fail('broken'));
    });
  }

  const client = (id: string): NodeClient => ({
    id,
    async request(request) {
      const started = time.elapsed();
      const isRead = request.path.startsWith(`${id}:`);
      if (isRead) sent.push({ node: id, at: started });
      if (isRead) open.set(id, (open.get(id) ?? 0) + 1);
      const report = (outcome: { status?: number; error?: NodeError }) => {
        if (isRead) open.set(id, (open.get(id) ?? 0) - 1);
        health.observe({ nodeId: id, durationMs: time.elapsed() - started, ...outcome });
      };
      try {
        const response = await answer(id, request);
        report({ status: response.status });
        return response;
      } catch (error) {
        report({ error: error as NodeError });
        throw error;
      }
    },
    async close() {},
  });
  const clients = new Map(records.map(({ id }) => [id, client(id)]));
  const health = createHealth({
    clients: watched ? [...clients.values()] : [],
    ...healthTimes,
    downAfter: 3,
    upAfter: 2,
    clock: () => time.elapsed(),
    timing: time,
    onChange(node, { state }) {
      changes.push({ node, state, at: time.elapsed() });
      if (state === 'up') selection.forget(node);
    },
  });
  const selection = createReplicaSelection({
    timing: time,
    suspect: (node) => suspects.has(node) || health.suspect(node),
    adaptive: true,
    minDifference: 20,
    probeInterval: 2_000,
    minHedgeDelay: 20,
  });
  const scatter = createScatter({
    view: () => steadyView(topology, { up: (node) => !down.has(node) && (!watched || health.up(node)) }),
    layout: readLayout,
    clients: { get: (id) => clients.get(id) as NodeClient },
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

  /** A read of all shards; reads with the same number go to the same copies. */
  function read(startGroup: number): SimulatedRead {
    const begun = time.elapsed();
    const seen: SimulatedRead = { took: null, result: null, error: null };
    const ended = () => {
      seen.took = time.elapsed() - begun;
    };
    scatter({
      index,
      shards: Array.from({ length: shards }, (_, i) => i),
      startGroup,
      build: (own, _, node) => ({ method: 'GET', path: `${node}:${own.join()}` }),
      read: ({ text }) => JSON.parse(text) as string,
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

  let next = 0;
  /** So many reads per second for a while, each of another query. */
  async function load(perSecond: number, forMs: number): Promise<SimulatedRead[]> {
    const reads: SimulatedRead[] = [];
    for (let passed = 0; passed < forMs; passed += 1_000 / perSecond) {
      reads.push(read(next++));
      await time.advance(1_000 / perSecond);
    }
    return reads;
  }

  return { time, behaviour, suspects, down, sent, open, hedges, counts, changes, health, selection, read, load };
}
