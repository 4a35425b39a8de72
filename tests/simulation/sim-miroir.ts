import { pino } from 'pino';
import { parseConfig } from '../../src/config/load.ts';
import { createBatchJudge } from '../../src/documents/judge-batch.ts';
import { createVersionClock, versionAt } from '../../src/documents/markers.ts';
import type { VectorLookup } from '../../src/documents/stored-vectors.ts';
import { createDocumentWriteService } from '../../src/documents/write-service.ts';
import { createCatalog } from '../../src/indexes/catalog.ts';
import { createSettingsCommit } from '../../src/indexes/settings/service.ts';
import type { NodeClient } from '../../src/nodes/client.ts';
import { givingUpWhenDown } from '../../src/nodes/give-up.ts';
import { createHealth } from '../../src/nodes/health.ts';
import { machineTime } from '../../src/nodes/timing.ts';
import { createClusterView } from '../../src/placement/cluster-view.ts';
import { type CopyStates, createCopyStates } from '../../src/placement/copies.ts';
import { createTopology } from '../../src/placement/topology.ts';
import type { ClusterView } from '../../src/placement/view.ts';
import type { Admission } from '../../src/repair/admission.ts';
import { createRepairs } from '../../src/repair/start.ts';
import { createTouchedDocuments } from '../../src/repair/touched.ts';
import type { TopologyRecord } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';
import { rfc3339 } from '../../src/tasks/clock.ts';
import { createTaskEngine, type TaskEngine } from '../../src/tasks/engine.ts';
import type { Rng } from '../support/rng.ts';
import { createSimClient, type Line } from './network.ts';
import type { SimNode } from './sim-node.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The part of Miroir that is simulated: health, write routing, the task engine and repairs, wired as in `src/wiring`. */
export interface SimMiroir {
  readonly documents: ReturnType<typeof createDocumentWriteService>;
  readonly engine: TaskEngine;
  readonly view: ClusterView;
  readonly copies: CopyStates;
  readonly catalog: ReturnType<typeof createCatalog>;
  /** The process dies: from now on nothing that it still does reaches the store or a node. */
  crash(): void;
}

/** What a Miroir is started over. */
export interface SimMiroirOptions {
  store: Store;
  topology: TopologyRecord;
  nodes: readonly SimNode[];
  lines: ReadonlyMap<string, Line>;
  time: VirtualTime;
  rng: Rng;
  /** Miroir has found that a node has another disk than before. */
  onOtherDisk(nodeId: string): void;
}

/** The defaults of Miroir, but for times that would make most faults pass unnoticed. */
const config = parseConfig({
  nodes: [{ id: 'unused', address: 'http://unused' }],
  shards: 8,
  health: { interval: '1s', timeout: '500ms', down_after: 2, up_after: 1 },
  write: { timeout: '1500ms' },
});
/** No index of the simulation has an embedder. */
const noVectors: VectorLookup = {
  stored: () => Promise.reject(new Error('no index has an embedder')),
  dimensions: async () => null,
};

/** A store that a dead process can no longer reach: what it asks for never comes. */
function fenced(store: Store, alive: () => boolean): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (!alive()) return new Promise(() => undefined);
        const result: unknown = await value.apply(target, args);
        return alive() ? result : new Promise(() => undefined);
      };
    },
  });
}

/** Start a Miroir on what an earlier one left in the store. */
export async function startSimMiroir(options: SimMiroirOptions): Promise<SimMiroir> {
  const { topology, nodes, lines, time, rng } = options;
  let dead = false;
  const alive = () => !dead;
  const store = fenced(options.store, alive);
  const log = pino({ level: 'silent' });
  const now = Date.now;
  const clients = new Map<string, NodeClient>(
    nodes.map((node) => [
      node.id,
      createSimClient(node, lines.get(node.id)!, { time, rng, alive, onOutcome: (outcome) => health.observe(outcome) }),
    ]),
  );
  let admission: Admission | null = null;
  const health = createHealth({
    clients: [...clients.values()],
    ...config.health,
    onChange: (node) => admission?.changed(node),
  });
  const writers = new Map([...clients].map(([id, client]) => [id, givingUpWhenDown(client, health)]));
  await health.start();
  const catalog = createCatalog(await store.indexes());
  const copies = createCopyStates(await store.staleCopies(), await store.leavingCopies());
  const placement = createTopology(topology);
  const view = createClusterView(placement, { up: (node) => admission?.up(node) ?? false }, copies);
  const touched = createTouchedDocuments();
  const engine = createTaskEngine({
    store,
    catalog,
    copies,
    view,
    topology: placement,
    clients: writers,
    settings: createSettingsCommit({ clients, catalog, view, timeoutMs: config.search.nodeTimeout, log }),
    toLogicalError: (error) => error,
    writeTimeoutMs: config.write.timeout,
    probe: (nodeId) => health.probeNow(nodeId),
    policy: config.write,
    probeAfterMs: config.write.probeAfter,
    resends: config.write.resends,
    maxWaiting: config.write.maxWaiting,
    maxUnfinished: config.tasks.maxUnfinished,
    retentionMs: config.tasks.retention,
    nodeRetentionMs: config.tasks.nodeRetention,
    idempotency: { retentionMs: config.idempotency.retention, maxKeys: config.idempotency.maxKeys },
    now,
    timing: machineTime,
    onLostAnswer: () => undefined,
    onOtherDisk: (node) => admission?.otherDisk(node),
    log,
    onEnded: () => undefined,
    onRegistered: (task) => touched.registered(task),
  });
  const repairs = createRepairs({
    tasks: {
      ...engine,
      loseNode(nodeId) {
        options.onOtherDisk(nodeId);
        return engine.loseNode(nodeId);
      },
    },
    touched,
    correcting: async () => undefined,
    may: () => true,
    nodes: () => nodes.map(({ id }) => id),
    health,
    clients,
    config: config.rebalance,
    // copies have to become equal without it
    antiEntropy: { ...config.antiEntropy, enabled: false },
    metrics: { repaired: () => undefined, verified: () => undefined },
    timeoutMs: config.write.timeout,
    log,
  });
  admission = repairs.admission;
  await admission.start();
  await engine.start();
  repairs.scheduler.start();
  const [newest] = (await store.tasks({ limit: 1 })).records;
  const last = newest === undefined ? 0n : versionAt(Date.parse(newest.enqueuedAt) + 1_000);
  const judgeBatch = createBatchJudge({
    catalog,
    active: engine.active,
    lookup: noVectors,
    quietTimeoutMs: 60_000,
  });
  const documents = createDocumentWriteService({
    store,
    catalog,
    view,
    defaultShards: config.shards,
    now: () => rfc3339(now()),
    acceptance: engine.acceptance,
    judgeBatch,
    versions: createVersionClock(now, last),
  });
  return {
    documents,
    engine,
    view,
    copies,
    catalog,
    crash() {
      dead = true;
      health.stop();
      repairs.admission.stop();
      void repairs.scheduler.stop();
      void engine.stop();
    },
  };
}
