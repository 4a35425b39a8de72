import type { NodeClient, NodeError } from './client.ts';
import { type HealthSignal, type HealthState, initialHealth, isOut, nextHealth } from './health-state.ts';
import { type ProbeResult, probe } from './probe.ts';
import { machineTime, type Timing } from './timing.ts';

/** What is known about a node, for operators. */
export interface NodeHealth {
  state: HealthState['state'];
  /** RFC 3339. */
  since: string;
  lastError: string | null;
  consecutiveFailures: number;
  /** While the node is suspect or down: the earliest moment at which it may be used again, RFC 3339. Else null. */
  until: string | null;
  /** Meilisearch's version, as told when the node last came up. */
  version?: string;
}

/** The part of a node client's `onOutcome` that says something about health. */
export interface HealthOutcome {
  nodeId: string;
  status?: number;
  /** How long the attempt took. */
  durationMs?: number;
  error?: Pick<NodeError, 'kind' | 'message'>;
}

/** Options of `createHealth`; times in milliseconds. */
export interface HealthOptions {
  clients: readonly NodeClient[];
  interval: number;
  timeout: number;
  /** A probe without an answer for this long makes the node suspect; a request given up after it brings the next probe forward. */
  suspectAfter: number;
  downAfter: number;
  upAfter: number;
  /** How long a node that fails soon after its return stays out, at first and at most. */
  backoff: number;
  maxBackoff: number;
  /** Milliseconds since the epoch. */
  clock?: () => number;
  /** Timers. */
  timing?: Pick<Timing, 'after'>;
  /** Called when a node's state changes (also for the first probe). */
  onChange?: (nodeId: string, health: NodeHealth, before: NodeHealth['state']) => void;
}

/** Knows which nodes answer. */
export interface Health {
  /**
   * Whether to use the node at all: it is not down. False for nodes that are not watched. True for a suspect node, which
   * must still be sent writes: it may well take them, and a copy that misses a write is stale.
   */
  up(nodeId: string): boolean;
  /** Whether to read from the node only where nobody else can answer. */
  suspect(nodeId: string): boolean;
  describe(nodeId: string): NodeHealth | null;
  /** Calls back once when the node goes down; the result calls that off. */
  whenDown(nodeId: string, run: () => void): () => void;
  /** To be called with every outcome of the node clients, probes included. */
  observe(outcome: HealthOutcome): void;
  add(client: NodeClient): void;
  remove(nodeId: string): void;
  /** Probes the node at once (or joins the probe under way) and resolves when the result is known. */
  probeNow(nodeId: string): Promise<void>;
  /** Begins probing; resolves when every node was probed once, at the latest after about two timeouts. */
  start(): Promise<void>;
  stop(): void;
}

interface Watched {
  client: NodeClient;
  state: HealthState;
  version: string | null;
  /** Under way now. */
  running: Promise<void> | null;
  /** Who waits for it to go down. */
  waiting: Set<() => void>;
  /** Calls off the next probe. */
  cancel: () => void;
}

/** A node that is suspect or down is probed at least this often, so that it is soon used again. */
const outIntervalMs = 1_000;
const nothing = () => {};

function probeSignal(result: ProbeResult): HealthSignal {
  if (!('error' in result)) return { kind: 'probeSucceeded' };
  return { kind: result.cause === 'refused' ? 'refused' : 'probeFailed', error: result.error };
}

/**
 * Probes every node on a schedule and listens to what real requests meet. A refused connection counts at once; a request
 * that timed out or broke brings the next probe forward, because slow is not dead, and many of them make the node suspect.
 */
export function createHealth(options: HealthOptions): Health {
  const { interval, timeout, suspectAfter, clock = Date.now, timing = machineTime } = options;
  const probeEvery = Math.min(interval, outIntervalMs);
  const limits = { ...options, probeEvery };
  const watched = new Map<string, Watched>();
  let started = false;
  let stopped = false;

  function describe(node: Watched): NodeHealth {
    const { state, since, lastError, failures, until } = node.state;
    return {
      state,
      since: new Date(since).toISOString(),
      lastError,
      consecutiveFailures: failures,
      until: until === null ? null : new Date(until).toISOString(),
      ...(node.version === null ? {} : { version: node.version }),
    };
  }

  function apply(node: Watched, signal: HealthSignal): void {
    const before = node.state.state;
    node.state = nextHealth(node.state, signal, limits, clock());
    if (node.state.state === before) return;
    options.onChange?.(node.client.id, describe(node), before);
    if (node.state.state !== 'down') return;
    const waiting = [...node.waiting];
    node.waiting.clear();
    for (const run of waiting) run();
  }

  function current(node: Watched): boolean {
    return watched.get(node.client.id) === node;
  }

  function schedule(node: Watched): void {
    node.cancel();
    node.cancel = nothing;
    if (!started || !current(node)) return;
    node.cancel = timing.after(isOut(node.state.state) ? probeEvery : interval, () => void run(node));
  }

  async function probeOnce(node: Watched): Promise<void> {
    // the node may have been upgraded while it was away, so the version is asked again whenever it comes back
    const askVersion = node.state.state !== 'up' || node.version === null;
    const error = `node ${node.client.id}: a probe was not answered for ${suspectAfter} ms`;
    const answered = timing.after(suspectAfter, () => {
      if (!stopped && current(node)) apply(node, { kind: 'probeSlow', error });
    });
    const result = await probe(node.client, timeout, askVersion).finally(answered);
    if (stopped || !current(node)) return;
    if ('version' in result && result.version !== null) node.version = result.version;
    apply(node, probeSignal(result));
  }

  function run(node: Watched): Promise<void> {
    // begins in a later turn, so that `running` is set before the probe's own outcome is observed
    node.running ??= Promise.resolve()
      .then(() => probeOnce(node))
      .finally(() => {
        node.running = null;
        schedule(node);
      });
    return node.running;
  }

  /** What a failed request tells. A probe under way will tell it too, and must not be counted twice. */
  function blame(node: Watched, { error, durationMs = 0 }: HealthOutcome): void {
    if (node.running !== null || error === undefined) return;
    if (error.kind === 'aborted' && durationMs < suspectAfter) return;
    if (error.kind === 'refused') {
      apply(node, { kind: 'refused', error: error.message });
      schedule(node);
      return;
    }
    if (error.kind !== 'aborted') apply(node, { kind: 'requestBroken', error: error.message });
    if (started) void run(node);
  }

  function watch(client: NodeClient): Watched {
    const state = initialHealth(clock());
    const node: Watched = { client, state, version: null, running: null, waiting: new Set(), cancel: nothing };
    watched.set(client.id, node);
    return node;
  }

  function forget(nodeId: string): void {
    watched.get(nodeId)?.cancel();
    watched.delete(nodeId);
  }

  for (const client of options.clients) watch(client);

  return {
    up: (nodeId) => {
      const node = watched.get(nodeId);
      return node !== undefined && node.state.state !== 'down';
    },
    suspect: (nodeId) => watched.get(nodeId)?.state.state === 'suspect',
    describe: (nodeId) => {
      const node = watched.get(nodeId);
      return node === undefined ? null : describe(node);
    },
    whenDown(nodeId, run) {
      const waiting = watched.get(nodeId)?.waiting;
      waiting?.add(run);
      return () => void waiting?.delete(run);
    },
    observe(outcome) {
      const node = watched.get(outcome.nodeId);
      if (node === undefined) return;
      if (outcome.error === undefined) apply(node, { kind: 'answered' });
      else blame(node, outcome);
    },
    add(client) {
      forget(client.id);
      const node = watch(client);
      if (started) void run(node);
    },
    remove: forget,
    async probeNow(nodeId) {
      const node = watched.get(nodeId);
      if (node !== undefined) await run(node);
    },
    async start() {
      started = true;
      await Promise.all([...watched.values()].map(run));
    },
    stop() {
      started = false;
      stopped = true;
      for (const node of watched.values()) node.cancel();
    },
  };
}
