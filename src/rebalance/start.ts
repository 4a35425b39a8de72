import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import type { OperationsService } from '../http/services.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Health } from '../nodes/health.ts';
import type { Logger } from '../observability/log.ts';
import type { AdminRebalance } from '../placement/admin-types.ts';
import type { Topology } from '../placement/topology.ts';
import type { Pace } from '../repair/pace.ts';
import type { RepairStatus } from '../repair/scheduler.ts';
import type { StaleCopy, TopologyRecord } from '../store/records.ts';
import type { Clock } from '../tasks/clock.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import { nodeTaskStatus } from '../tasks/node-tasks.ts';
import { type Capacities, createCapacities } from './capacity.ts';
import { createCleaner } from './cleaner.ts';
import { coverageUnder, lastCopiesOn } from './coverage.ts';
import { changesForLostNodes } from './lost-nodes.ts';
import { createMoves } from './moves.ts';
import { createOperations } from './operations.ts';
import { documentsToMove, tellPlan } from './plan.ts';
import { createRebalance, type Rebalance } from './service.ts';

/** What moving copies needs of the rest of a process. */
export interface RebalancingOptions {
  tasks: TaskEngine;
  topology: Topology;
  clients: { get(nodeId: string): NodeClient | undefined };
  /** A client of a node that is not part of the cluster yet. */
  connect(node: { id: string; address: string }): NodeClient;
  health: Pick<Health, 'describe'>;
  config: Pick<Config, 'health' | 'rebalance' | 'search' | 'write'>;
  onTopology(record: TopologyRecord): void;
  now: Clock;
  log: Logger;
}

/** The rebalance service with what drives it. */
export interface Rebalancing {
  service: Rebalance;
  operations: OperationsService;
  capacities: Capacities;
  /** Whether a stale copy may be filled now: not while moving is paused, nor on a node that is full. */
  mayFill(mark: StaleCopy): boolean;
  /** Who fills copies, once that is there. */
  setRepairs(repairs: FillingRepairs): void;
  /** A repair has ended. */
  repaired(repair: RepairStatus, succeeded: boolean): void;
  status(): AdminRebalance;
  start(): void;
  stop(): Promise<void>;
}

/** What moves need to know of the repairs that fill new copies. */
export interface FillingRepairs {
  status(): readonly RepairStatus[];
  pace(): Pace;
}

/** Milliseconds between two looks at a node's task, and after which it is left for later. */
const pollMs = 100;
const patienceMs = 60_000;

async function endOfNodeTask(client: NodeClient, uid: number): Promise<string | null> {
  for (let waited = 0; waited < patienceMs; waited += pollMs) {
    const status = await nodeTaskStatus(client, uid);
    if (status !== 'enqueued' && status !== 'processing') return status;
    await sleep(pollMs);
  }
  return null;
}

/** Milliseconds for which the sizes of the nodes are not asked for again. */
const capacityFreshMs = 5_000;
/** Milliseconds between two looks at what can be done next. */
const lookEveryMs = 500;

/** Builds the service, which is looked after from `start` to `stop`. */
export async function createRebalancing(options: RebalancingOptions): Promise<Rebalancing> {
  const { tasks, topology, health, config, log } = options;
  const { state } = tasks;
  const capacities = createCapacities({
    nodes: () => topology.record().nodes.map((node) => node.id),
    clients: options.clients,
    up: (nodeId) => state.view.up(nodeId),
    timeoutMs: config.search.nodeTimeout,
    freshMs: capacityFreshMs,
    now: options.now,
  });
  const cleaner = createCleaner({
    state,
    clients: options.clients,
    inLine: tasks.inLine,
    nodeHas: tasks.nodeHas,
    ended: endOfNodeTask,
    timeoutMs: config.write.timeout,
    log,
  });
  const service = await createRebalance({
    state,
    topology,
    gate: tasks.gate,
    cleaner,
    readable: (record) => coverageUnder(record, state),
    lastCopiesOn: (nodeId) => lastCopiesOn(nodeId, state),
    measure: () => capacities.read(),
    documentsToMove: (before, filling) => documentsToMove(filling, { before, capacities: capacities.last() }),
    onTopology: options.onTopology,
    now: options.now,
    log,
  });

  const { docsPerSecond, diskHighWatermark } = config.rebalance;
  let repairs: FillingRepairs = { status: () => [], pace: () => ({ documentsPerSecond: null, reason: 'full speed' }) };
  const moves = createMoves({
    copies: state.copies,
    byId: (id) => state.catalog.byId(id),
    repairs: () => repairs.status(),
    now: () => performance.now(),
  });

  function status(): AdminRebalance {
    const { count, ...known } = service.status();
    return { ...known, ...moves.describe(count), pace: repairs.pace() };
  }

  const operations = createOperations({
    rebalance: service,
    status,
    topology,
    connect: options.connect,
    probeTimeoutMs: config.health.timeout,
    plan: async (after, moved) =>
      tellPlan({
        before: topology.record(),
        after,
        transition: moved,
        capacities: await capacities.read(),
        documentsPerSecond: docsPerSecond,
        highWatermark: diskHighWatermark === 0 ? null : diskHighWatermark,
      }),
  });

  function absence(nodeId: string) {
    const known = health.describe(nodeId);
    return { up: state.view.up(nodeId), since: known === null ? null : Date.parse(known.since) };
  }

  const isResharding = () =>
    state.catalog.all().some(({ shadow }) => shadow?.phase === 'preparing' || shadow?.phase === 'filling');

  async function look(): Promise<void> {
    const changes = changesForLostNodes(topology.record(), absence, options.now(), config.rebalance.restoreAfter);
    if (changes.length > 0) await service.change(changes);
    if (service.status().state === 'moving' || isResharding()) await capacities.read();
    await service.advance();
  }

  let stopped = false;
  let busy = false;
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;

  return {
    service,
    operations,
    capacities,
    status,
    setRepairs(set) {
      repairs = set;
    },
    repaired({ moving, documents }, succeeded) {
      if (!moving || !succeeded) return;
      service.moved(documents ?? 0).catch((error: unknown) => log.warn({ err: error }, 'a move was not counted'));
    },
    mayFill({ cause, nodeId }) {
      if (cause !== 'moving') return true;
      const held = capacities.last().get(nodeId)?.bytes ?? 0;
      return !service.paused && (diskHighWatermark === 0 || held < diskHighWatermark);
    },
    start() {
      timer = setInterval(() => {
        moves.look(service.status().count);
        if (busy) return;
        busy = true;
        looking = look()
          .catch((error: unknown) => {
            if (!stopped) log.error({ err: error }, 'could not go on moving copies; will try again');
          })
          .finally(() => {
            busy = false;
          });
      }, lookEveryMs);
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearInterval(timer);
      await looking;
    },
  };
}
