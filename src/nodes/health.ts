import type { NodeClient, NodeError } from './client.ts';
import { type HealthSignal, type HealthState, initialHealth, nextHealth } from './health-state.ts';
import { type ProbeResult, probe } from './probe.ts';

/** What is known about a node, for operators. */
export interface NodeHealth {
  state: HealthState['state'];
  /** RFC 3339. */
  since: string;
  lastError: string | null;
  consecutiveFailures: number;
  /** Meilisearch's version, as told when the node last came up. */
  version?: string;
}

/** The part of a node client's `onOutcome` that says something about health. */
export interface HealthOutcome {
  nodeId: string;
  status?: number;
  error?: Pick<NodeError, 'kind' | 'message'>;
}

/** Options of `createHealth`; times in milliseconds. */
export interface HealthOptions {
  clients: readonly NodeClient[];
  interval: number;
  timeout: number;
  downAfter: number;
  upAfter: number;
  /** Milliseconds since the epoch. */
  clock?: () => number;
  /** Called when a node goes up or down (also for the first probe). */
  onChange?: (nodeId: string, health: NodeHealth) => void;
}

/** Knows which nodes answer. */
export interface Health {
  /** Whether to use the node: it is up, or nothing is known against it. False for nodes that are not watched. */
  up(nodeId: string): boolean;
  describe(nodeId: string): NodeHealth | null;
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
  timer: NodeJS.Timeout | null;
}

/** A node that is down is probed at least this often, so that it is soon used again. */
const downIntervalMs = 1_000;

function probeSignal(result: ProbeResult): HealthSignal {
  if (!('error' in result)) return { kind: 'probeSucceeded' };
  return { kind: result.cause === 'refused' ? 'refused' : 'probeFailed', error: result.error };
}

/**
 * Probes every node on a schedule and listens to what real requests meet. A refused connection counts at once; a request
 * that timed out or broke only brings the next probe forward, because slow is not dead.
 */
export function createHealth(options: HealthOptions): Health {
  const { interval, timeout, downAfter, upAfter, clock = Date.now } = options;
  const watched = new Map<string, Watched>();
  let started = false;
  let stopped = false;

  function describe(node: Watched): NodeHealth {
    const { state, since, lastError, failures } = node.state;
    return {
      state,
      since: new Date(since).toISOString(),
      lastError,
      consecutiveFailures: failures,
      ...(node.version === null ? {} : { version: node.version }),
    };
  }

  function apply(node: Watched, signal: HealthSignal): void {
    const before = node.state.state;
    node.state = nextHealth(node.state, signal, { downAfter, upAfter }, clock());
    if (node.state.state === before) return;
    options.onChange?.(node.client.id, describe(node));
  }

  function current(node: Watched): boolean {
    return watched.get(node.client.id) === node;
  }

  function schedule(node: Watched): void {
    if (node.timer !== null) clearTimeout(node.timer);
    node.timer = null;
    if (!started || !current(node)) return;
    const wait = node.state.state === 'down' ? Math.min(interval, downIntervalMs) : interval;
    node.timer = setTimeout(() => void run(node), wait);
    node.timer.unref();
  }

  async function probeOnce(node: Watched): Promise<void> {
    // the node may have been upgraded while it was away, so the version is asked again whenever it comes back
    const askVersion = node.state.state !== 'up' || node.version === null;
    const result = await probe(node.client, timeout, askVersion);
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
  function suspect(node: Watched, error: NonNullable<HealthOutcome['error']>): void {
    if (node.running !== null || error.kind === 'aborted') return;
    if (error.kind === 'refused') {
      apply(node, { kind: 'refused', error: error.message });
      schedule(node);
    } else if (started) {
      void run(node);
    }
  }

  function watch(client: NodeClient): Watched {
    const node: Watched = { client, state: initialHealth(clock()), version: null, running: null, timer: null };
    watched.set(client.id, node);
    return node;
  }

  function forget(nodeId: string): void {
    const timer = watched.get(nodeId)?.timer;
    if (timer) clearTimeout(timer);
    watched.delete(nodeId);
  }

  for (const client of options.clients) watch(client);

  return {
    up: (nodeId) => {
      const node = watched.get(nodeId);
      return node !== undefined && node.state.state !== 'down';
    },
    describe: (nodeId) => {
      const node = watched.get(nodeId);
      return node === undefined ? null : describe(node);
    },
    observe(outcome) {
      const node = watched.get(outcome.nodeId);
      if (node === undefined) return;
      if (outcome.error === undefined) apply(node, { kind: 'answered' });
      else suspect(node, outcome.error);
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
      for (const node of watched.values()) {
        if (node.timer !== null) clearTimeout(node.timer);
        node.timer = null;
      }
    },
  };
}
