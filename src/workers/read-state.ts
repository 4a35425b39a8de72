import { type Catalog, createCatalog } from '../indexes/catalog.ts';
import { type Features, featuresKey, readFeatures } from '../instance/features.ts';
import { KeyDirectory } from '../keys/directory.ts';
import { createClusterView } from '../placement/cluster-view.ts';
import { type CopyStates, createCopyStates } from '../placement/copies.ts';
import { createTopology, type Topology } from '../placement/topology.ts';
import type { ClusterView } from '../placement/view.ts';
import type { StoreChange } from '../store/store.ts';
import type { Update } from './messages.ts';

/** Whether a node is used, as the main process says. */
interface NodeState {
  up: boolean;
  suspect: boolean;
}

/** What the main process knows of the cluster, as far as reads depend on it. */
export interface ReadState {
  readonly topology: Topology;
  readonly catalog: Catalog;
  readonly copies: CopyStates;
  readonly view: ClusterView;
  readonly keys: KeyDirectory;
  features(): Features;
  suspect(nodeId: string): boolean;
  apply(update: Extract<Update, { kind: 'changes' | 'lag' | 'node' }>): void;
}

/** Knows of nothing at first; the first updates tell all there is. `masterKey` null: the instance is open. */
export function createReadState(masterKey: string | null, onNodeBack: (nodeId: string) => void): ReadState {
  const topology = createTopology({ version: 0, replicationFactor: 1, nodes: [], retired: [] });
  const catalog = createCatalog([]);
  const copies = createCopyStates([], []);
  const keys = new KeyDirectory(masterKey, []);
  const nodes = new Map<string, NodeState>();
  let features = readFeatures(null);

  /** A node that comes back under the same name is another one. */
  function forgetOthers(members: readonly { id: string }[]): void {
    const left = new Set(members.map(({ id }) => id));
    for (const id of nodes.keys()) if (!left.has(id)) nodes.delete(id);
  }

  function applyChanges(changes: readonly StoreChange[]): void {
    topology.apply(changes);
    catalog.apply(changes);
    copies.apply(changes);
    for (const change of changes) {
      if (change.kind === 'putKey') keys.put(change.record);
      else if (change.kind === 'deleteKey') keys.remove(change.uid);
      else if (change.kind === 'putTopology') forgetOthers(change.record.nodes);
      else if (change.kind === 'putMeta' && change.key === featuresKey) features = readFeatures(change.value);
    }
  }

  function applyNode(nodeId: string, { up, suspect }: NodeState): void {
    const before = nodes.get(nodeId);
    nodes.set(nodeId, { up, suspect });
    const used = up && !suspect;
    if (used && !(before?.up === true && !before.suspect)) onNodeBack(nodeId);
  }

  return {
    topology,
    catalog,
    copies,
    view: createClusterView(topology, { up: (nodeId) => nodes.get(nodeId)?.up ?? false }, copies),
    keys,
    features: () => features,
    suspect: (nodeId) => nodes.get(nodeId)?.suspect ?? false,
    apply(update) {
      if (update.kind === 'changes') applyChanges(update.changes);
      else if (update.kind === 'lag') copies.addLag(update.indexId, update.nodeId, update.by);
      else applyNode(update.nodeId, update);
    },
  };
}

/** The main process's side of it. */
export interface Known {
  topology: Pick<Topology, 'record'>;
  catalog: Pick<Catalog, 'all'>;
  copies: Pick<CopyStates, 'stale' | 'leaving' | 'lagging'>;
  view: Pick<ClusterView, 'up'>;
  health: { suspect(nodeId: string): boolean };
  keys: { records(): ReturnType<KeyDirectory['newestFirst']> };
  features: { get(): string };
}

/** Updates that bring a read state that knows of nothing to what the main process knows now. */
export function snapshot({ topology, catalog, copies, view, health, keys, features }: Known): Update[] {
  const record = topology.record();
  const changes: StoreChange[] = [
    { kind: 'putTopology', record },
    ...catalog.all().map((index): StoreChange => ({ kind: 'putIndex', record: index })),
    ...copies.stale().map((mark): StoreChange => ({ kind: 'putStale', record: mark })),
    ...copies.leaving().map((copy): StoreChange => ({ kind: 'putLeaving', record: copy })),
    ...keys.records().map((key): StoreChange => ({ kind: 'putKey', record: key })),
    { kind: 'putMeta', key: featuresKey, value: features.get() },
  ];
  const lag = copies
    .lagging()
    .flatMap(({ indexId, nodeId, parts }) =>
      Array.from({ length: parts }, (): Update => ({ kind: 'lag', indexId, nodeId, by: 1 })),
    );
  const nodes = record.nodes.map(
    ({ id }): Update => ({ kind: 'node', nodeId: id, up: view.up(id), suspect: health.suspect(id) }),
  );
  return [{ kind: 'changes', changes }, ...lag, ...nodes];
}
