import type { Config } from '../config/schema.ts';
import { type Catalog, createCatalog } from '../indexes/catalog.ts';
import { createFeatureService, type FeatureControl } from '../instance/feature-service.ts';
import { createNodeClient, type NodeClient } from '../nodes/client.ts';
import { givingUpWhenDown } from '../nodes/give-up.ts';
import { createHealth, type Health } from '../nodes/health.ts';
import { createNodeRegistry, type NodeAddress, type NodeRegistry } from '../nodes/registry.ts';
import type { ReplicaSelection } from '../nodes/replica-selection.ts';
import { machineTime } from '../nodes/timing.ts';
import type { Logger } from '../observability/log.ts';
import { type Metrics, recordNodeOutcome } from '../observability/metrics.ts';
import { createClusterView } from '../placement/cluster-view.ts';
import { type CopyStates, createCopyStates } from '../placement/copies.ts';
import { createTopology, type Topology } from '../placement/topology.ts';
import type { ClusterView } from '../placement/view.ts';
import { type LoadedTopology, loadTopology } from '../rebalance/load-topology.ts';
import type { Admission } from '../repair/admission.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import type { Store, StoreChange } from '../store/store.ts';
import { type Broadcast, broadcastChanges, broadcastLag, settledFirst } from '../workers/broadcast.ts';
import { type AvoidedByWorkers, createAvoidedByWorkers } from '../workers/sightings.ts';
import { buildSelection } from './reading.ts';
import type { StopList } from './stop-list.ts';

/** What every part of a process starts with. */
export interface Process {
  config: Config;
  log: Logger;
  /** What it appends to; null for standard output. */
  logFile: string | null;
  metrics: Metrics;
  stops: StopList;
  /** What worker processes are told. */
  broadcast: Broadcast;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What Miroir knows of the cluster: the store and its mirrors in memory, the nodes and how they are. */
export interface Cluster {
  store: Store;
  loaded: LoadedTopology;
  topology: Topology;
  clients: NodeRegistry;
  /** The clients for writes, by node id. */
  writers: ReadonlyMap<string, NodeClient>;
  /** A client of a node that is not part of the cluster. */
  connect(node: NodeAddress): NodeClient;
  health: Health;
  selection: ReplicaSelection;
  catalog: Catalog;
  copies: CopyStates;
  view: ClusterView;
  features: FeatureControl;
  nodeIds(): string[];
  avoidedByWorkers: AvoidedByWorkers;
  /** Tells the workers whether the node is used. */
  tellNode(nodeId: string): void;
  /** Who lets nodes in; until it is set no node is used. */
  setAdmission(admission: Admission): void;
}

/** Opens the store, meets the nodes and resolves when each of them was looked at once. */
export async function startCluster({ config, log, metrics, stops, broadcast }: Process): Promise<Cluster> {
  const { path, synchronous } = config.store;
  const onCommitted = (changes: readonly StoreChange[]) => broadcastChanges(broadcast, changes);
  const store = await openSqliteStore({ path, synchronous, onCommitted });
  stops.add('the store', () => store.close());
  const loaded = await loadTopology(store, config);
  const topology = createTopology(loaded.record);
  let features: FeatureControl | null = null;
  let admission: Admission | null = null;
  const isUsed = (nodeId: string) => admission?.up(nodeId) ?? false;
  function tellNode(nodeId: string): void {
    broadcast.send({ kind: 'node', nodeId, up: isUsed(nodeId), suspect: health.suspect(nodeId) });
  }

  const clientOf = ({ id, address }: NodeAddress) => ({
    id,
    address,
    apiKey: config.nodeMasterKey,
    timeoutMs: config.search.nodeTimeout,
  });
  const writers = new Map<string, NodeClient>();
  const clients = createNodeRegistry({
    create(node) {
      const client = createNodeClient({
        ...clientOf(node),
        onOutcome(outcome) {
          recordNodeOutcome(metrics, outcome);
          health.observe(outcome);
        },
      });
      return config.server.workers === 1 ? client : settledFirst(client, broadcast);
    },
    onAdded(client) {
      health.add(client);
      writers.set(client.id, givingUpWhenDown(client, health));
    },
    onRemoved(nodeId) {
      health.remove(nodeId);
      writers.delete(nodeId);
    },
  });
  stops.add('the clients of the nodes', () => clients.close());
  const health = createHealth({
    clients: [],
    ...config.health,
    onChange(node, { state, lastError, until }, before) {
      log.info({ node, state, lastError, until }, 'node changed state');
      admission?.changed(node);
      tellNode(node);
      if (before === 'up' && state !== 'up') metrics.nodeCircuitOpenings.inc({ node });
      if (state !== 'up') return;
      selection.forget(node);
      features?.nodeUp(node);
    },
  });
  const avoidedByWorkers = createAvoidedByWorkers(machineTime);
  const selection = buildSelection(config, (node) => health.suspect(node));
  clients.setNodes(topology.record().nodes);
  await health.start();
  stops.add('health', () => health.stop());

  const catalog = createCatalog(await store.indexes());
  const copies = broadcastLag(createCopyStates(await store.staleCopies(), await store.leavingCopies()), broadcast);
  const nodeIds = () => topology.record().nodes.map((node) => node.id);
  const switched = await createFeatureService({
    store,
    nodes: nodeIds,
    up: (node) => health.up(node),
    clients,
    timeoutMs: config.search.nodeTimeout,
    log,
  });
  features = switched;
  stops.add('the experimental features', () => switched.stop());
  await switched.syncAll();

  return {
    store,
    loaded,
    topology,
    clients,
    writers,
    connect: (node) => createNodeClient(clientOf(node)),
    health,
    selection: { ...selection, avoids: (id) => selection.avoids(id) || avoidedByWorkers.has(id) },
    avoidedByWorkers,
    catalog,
    copies,
    view: createClusterView(topology, { up: isUsed }, copies),
    features: switched,
    nodeIds,
    tellNode,
    setAdmission(set) {
      admission = set;
    },
  };
}
