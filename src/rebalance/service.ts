import { ApiError } from '../errors/api-error.ts';
import type { Logger } from '../observability/log.ts';
import type { AdminRebalance } from '../placement/admin-types.ts';
import type { Topology } from '../placement/topology.ts';
import type { TopologyRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import { type Clock, rfc3339 } from '../tasks/clock.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import type { Gate } from '../tasks/gate.ts';
import { createSerial } from '../tasks/serial.ts';
import { changeTopology, groupsWithoutRoom, type TopologyChange } from './change.ts';
import type { Cleaner } from './cleaner.ts';
import { countLeft, type DocumentCount, isDone, phaseOf, type RebalanceRecord } from './progress.ts';
import { releasable, release, unheldMarks } from './release.ts';
import { type Transition, transition } from './transition.ts';

/** What moving copies is built from. */
export interface RebalanceOptions {
  state: ClusterState;
  topology: Topology;
  gate: Pick<Gate, 'close'>;
  cleaner: Cleaner;
  /** Shards that can be read now; a change that takes nodes out at once must not lower it unless forced. */
  readable(topology: TopologyRecord): { readable: number; total: number };
  /** Learn how large the indexes are; awaited before each change. */
  measure(): Promise<unknown>;
  /** Documents in the copies that a transition has to fill, as far as that is known. */
  documentsToMove(before: TopologyRecord, filling: Transition['filling']): number;
  /** Shards whose only in-sync copy is on this node; one that does not answer cannot hand them over. */
  lastCopiesOn(nodeId: string): number;
  /** Told after every change of the topology. */
  onTopology(record: TopologyRecord): void;
  now: Clock;
  log: Logger;
}

/** Changes the topology of a running cluster, and sees to it that copies follow. */
export interface Rebalance {
  /** Make the changes, one after the other, as one; resolves once they are in force. `force` allows too few copies. */
  change(changes: readonly TopologyChange[], force?: boolean): Promise<void>;
  /** What the changes would come down to; nothing is changed. */
  preview(changes: readonly TopologyChange[], force?: boolean): { after: TopologyRecord; transition: Transition };
  /** Go back to the topology before the rebalance under way. Throws `miroir_invalid_topology` when there is none. */
  cancel(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  readonly paused: boolean;
  /** Whether a rebalance has begun and not ended. */
  readonly underWay: boolean;
  /** Take copies out of use that are no longer needed, delete their documents, let go of nodes that hold nothing more. */
  advance(): Promise<void>;
  /** Say that copies with so many documents have been filled. */
  moved(documents: number): Promise<void>;
  status(): RebalanceStatus;
}

/** How far it is, but for what only those who fill the copies know. */
export type RebalanceStatus = Omit<
  AdminRebalance,
  'documents' | 'documentsPerSecond' | 'secondsLeft' | 'pace' | 'moves'
> & { count: DocumentCount };

const recordKey = 'rebalance';
const pausedKey = 'rebalancePaused';
const nothingMoved: DocumentCount = { expected: 0, moved: 0 };

/** Builds it; what an earlier process left under way is taken up by `advance`. */
export async function createRebalance(options: RebalanceOptions): Promise<Rebalance> {
  const { state, topology, log } = options;
  const stored = await state.store.meta(recordKey);
  let current: RebalanceRecord | null =
    stored === null || stored === ''
      ? null
      : { documents: nothingMoved, ...(JSON.parse(stored) as Omit<RebalanceRecord, 'documents'>) };
  let paused = (await state.store.meta(pausedKey)) === 'true';
  const instant = () => rfc3339(options.now());
  const turns = createSerial();
  /** What reads the topology and commits what follows from it must not overlap: the second would undo the first. */
  const inTurn = <T>(work: () => Promise<T>) => turns.run('topology', work);

  const meta = (key: string, value: string): StoreChange => ({ kind: 'putMeta', key, value });

  function preview(changes: readonly TopologyChange[], force = false) {
    const before = topology.record();
    const after = changes.reduce(changeTopology, before);
    const cramped = groupsWithoutRoom(before, after);
    if (cramped.length > 0 && !force) {
      throw new ApiError(
        'miroir_invalid_topology',
        `Group ${cramped.join(', ')} would keep too few nodes for ${after.replicationFactor} copies of each shard. ` +
          'Add a node first, lower the replication factor, or force the change.',
      );
    }
    if (changes.some((change) => change.kind === 'forget')) refuseLoss(before, after, force);
    if (!force) refuseStranded(before, after);
    const since = instant();
    return {
      after,
      transition: transition(before, after, { indexes: state.catalog.all(), copies: state.copies, since }),
    };
  }

  /** Taking nodes out at once may take the last readable copy of a shard with them. */
  function refuseLoss(before: TopologyRecord, after: TopologyRecord, force: boolean): void {
    const lost = options.readable(before).readable - options.readable(after).readable;
    if (lost <= 0 || force) return;
    throw new ApiError(
      'miroir_invalid_topology',
      `${lost} shards would be left without a readable copy. Drain the nodes first, or force the change and lose their documents.`,
    );
  }

  /** A node that does not answer would keep others waiting for its copies, maybe for ever. */
  function refuseStranded(before: TopologyRecord, after: TopologyRecord): void {
    const leaving = after.nodes.filter(
      ({ id, state }) => state === 'removing' && before.nodes.some((node) => node.id === id && node.state !== state),
    );
    for (const { id } of leaving.filter((node) => !state.view.up(node.id))) {
      const last = options.lastCopiesOn(id);
      if (last === 0) continue;
      throw new ApiError(
        'miroir_invalid_topology',
        `Node \`${id}\` does not answer and has the only readable copy of ${last} shards. Start it, so that it can hand them over, ` +
          'or force the change and lose their documents.',
      );
    }
  }

  async function apply(changes: readonly TopologyChange[], force: boolean): Promise<void> {
    if (changes.length === 0) return;
    await options.measure();
    // Nobody may be deciding on a write while the owners change: it would be sent to the old ones only.
    const hold = await options.gate.close([]);
    try {
      const { after, transition: moved } = preview(changes, force);
      const copies = (current?.copies ?? 0) + moved.filling.length;
      const more = options.documentsToMove(topology.record(), moved.filling);
      const next = current ?? { startedAt: instant(), previous: topology.record(), documents: nothingMoved };
      const documents = { ...next.documents, expected: next.documents.expected + more };
      const record: RebalanceRecord = { ...next, copies, documents };
      await state.commit([...moved.changes, meta(recordKey, JSON.stringify(record))]);
      current = record;
      log.info(
        { version: after.version, copies: moved.filling.length, changes: changes.map((change) => change.kind) },
        'topology changed',
      );
    } finally {
      hold.open();
    }
    options.onTopology(topology.record());
  }

  /** Writes decided while the copies were in use have to be on their way before documents may be deleted. */
  async function releaseUnneeded(): Promise<void> {
    const needed = () => releasable(state.copies, topology, (id) => state.catalog.byId(id));
    if (needed().length === 0) return;
    const hold = await options.gate.close([]);
    try {
      const copies = needed();
      await state.commit(release(copies, state.copies, instant()));
      log.info({ copies: copies.length }, 'copies are no longer needed where they were');
    } finally {
      hold.open();
    }
  }

  async function forgetUnheld(): Promise<void> {
    await state.commit(unheldMarks(state.copies, state.view, (id) => state.catalog.byId(id)));
  }

  async function letNodesGo(): Promise<void> {
    const holding = new Set(state.copies.leaving().map((copy) => copy.nodeId));
    const gone = topology.record().nodes.filter((node) => node.state === 'removing' && !holding.has(node.id));
    if (gone.length === 0) return;
    const nodes = gone.map((node) => node.id);
    const record = changeTopology(topology.record(), { kind: 'forget', nodes });
    await state.commit([{ kind: 'putTopology', record }]);
    options.onTopology(record);
    log.info({ nodes }, 'nodes left the cluster');
  }

  /**
   * Documents on nodes that are leaving need not be deleted; but as long as such a node serves some copy, the marks on the others
   * say that it has to be read with a filter.
   */
  async function forgetDeparting(): Promise<void> {
    const leaving = state.copies.leaving();
    const serving = new Set(leaving.filter((copy) => copy.state === 'serving').map((copy) => copy.nodeId));
    const changes = leaving
      .filter(({ nodeId }) => topology.node(nodeId)?.state === 'removing' && !serving.has(nodeId))
      .map(({ indexId, shard, nodeId }): StoreChange => ({ kind: 'deleteLeaving', indexId, shard, nodeId }));
    await state.commit(changes);
  }

  async function finish(): Promise<void> {
    if (current === null || !isDone(countLeft(state.copies))) return;
    await state.commit([meta(recordKey, '')]);
    log.info({ copies: current.copies, since: current.startedAt }, 'rebalance done');
    current = null;
  }

  async function setPaused(value: boolean): Promise<void> {
    await state.commit([meta(pausedKey, String(value))]);
    paused = value;
    log.info({ paused }, 'rebalance paused or resumed');
  }

  return {
    preview,
    change: (changes, force = false) => inTurn(() => apply(changes, force)),
    cancel: () =>
      inTurn(async () => {
        if (current === null) throw new ApiError('miroir_invalid_topology', 'No rebalance is under way.');
        await apply(undoing(topology.record(), current.previous), true);
      }),
    pause: () => setPaused(true),
    resume: () => setPaused(false),
    get paused() {
      return paused;
    },
    get underWay() {
      return current !== null;
    },
    async advance() {
      await inTurn(releaseUnneeded);
      await inTurn(forgetUnheld);
      await inTurn(forgetDeparting);
      await options.cleaner.clean();
      await inTurn(letNodesGo);
      await inTurn(finish);
    },
    moved: (documents) =>
      inTurn(async () => {
        if (current === null) return;
        const { expected, moved } = current.documents;
        const record = { ...current, documents: { expected, moved: moved + documents } };
        await state.commit([meta(recordKey, JSON.stringify(record))]);
        current = record;
      }),
    status() {
      const left = countLeft(state.copies);
      const copies = current?.copies ?? 0;
      return {
        state: current === null ? 'idle' : paused ? 'paused' : 'moving',
        startedAt: current?.startedAt ?? null,
        copies: { total: copies, done: Math.max(0, copies - left.filling) },
        ...left,
        phase: current === null ? null : phaseOf(left),
        count: current?.documents ?? nothingMoved,
      };
    },
  };
}

/** The changes that lead back: nodes that came since leave again, those that were to leave stay. */
function undoing(present: TopologyRecord, previous: TopologyRecord): TopologyChange[] {
  const before = new Map(previous.nodes.map((node) => [node.id, node.state]));
  const inState = (state: string) =>
    present.nodes.filter((node) => before.get(node.id) === state && node.state !== state).map((node) => node.id);
  const added = present.nodes.filter((node) => !before.has(node.id)).map((node) => node.id);
  const changes: TopologyChange[] = [
    { kind: 'drain', nodes: inState('draining'), remove: false },
    { kind: 'drain', nodes: [...inState('removing'), ...added], remove: true },
    { kind: 'activate', nodes: inState('active') },
  ];
  const real = changes.filter((change) => 'nodes' in change && change.nodes.length > 0);
  if (present.replicationFactor === previous.replicationFactor) return real;
  return [...real, { kind: 'replicationFactor', value: previous.replicationFactor }];
}
