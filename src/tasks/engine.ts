import type { ErrorBody } from '../errors/api-error.ts';
import type { Catalog } from '../indexes/catalog.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Timing } from '../nodes/timing.ts';
import type { Logger } from '../observability/log.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { Topology } from '../placement/topology.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord, TaskRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { type Acceptance, createAcceptance } from './acceptance.ts';
import { type ActiveTask, type ActiveTasks, createActiveTasks } from './active.ts';
import { createCanceller } from './cancel.ts';
import type { SettingsCommit } from './catalog-changes.ts';
import type { Clock } from './clock.ts';
import { rfc3339 } from './clock.ts';
import { type ClusterState, createClusterState } from './cluster-state.ts';
import type { WritePolicy } from './consistency.ts';
import { createFinisher } from './finisher.ts';
import { createGate, type Gate } from './gate.ts';
import { giveUp } from './give-up.ts';
import { createIdempotency } from './idempotency.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createNodePruning } from './node-pruning.ts';
import { createPoller } from './poller.ts';
import { recover } from './recovery.ts';
import { createSender, type LostAnswer, type Sender } from './sender.ts';
import { createSerial } from './serial.ts';
import { createWaiting } from './waiting.ts';

/** What the task engine is built from. */
export interface TaskEngineOptions {
  store: Store;
  catalog: Catalog;
  copies: CopyStates;
  view: ClusterView;
  topology: Pick<Topology, 'apply'>;
  clients: { get(nodeId: string): NodeClient | undefined };
  settings: SettingsCommit;
  toLogicalError(error: ErrorBody, index: IndexRecord): ErrorBody;
  /** Have a node probed at once; resolves when the result shows in the view. */
  probe(nodeId: string): Promise<void>;
  policy: WritePolicy;
  /** See `SenderOptions`. */
  writeTimeoutMs: number;
  probeAfterMs: number;
  resends: number;
  /** Writes that may wait to be handed out, per index, and tasks that may be unfinished. */
  maxWaiting: number;
  maxUnfinished: number;
  /** Milliseconds that ended tasks are kept. */
  retentionMs: number;
  /** Milliseconds that nodes keep their own tasks of an ended one. */
  nodeRetentionMs: number;
  /** How long, in milliseconds, and how many idempotency keys are known. */
  idempotency: { retentionMs: number; maxKeys: number };
  now: Clock;
  timing: Timing;
  onLostAnswer(outcome: LostAnswer): void;
  /** See `SenderOptions`. */
  onOtherDisk(nodeId: string): void;
  log: Logger;
  onEnded(record: TaskRecord): void;
  /** Told of each write before anything of it reaches a node. */
  onRegistered?(task: ActiveTask): void;
}

/** Everything between a decided write and the end of its task. */
export interface TaskEngine {
  readonly acceptance: Acceptance;
  readonly active: ActiveTasks;
  /** Where jobs are registered; an accepted job waits until its kind is. */
  readonly jobs: Pick<Jobs, 'register' | 'progressOf'>;
  /** The store and what mirrors it. */
  readonly state: ClusterState;
  /** How others than tasks write to a node's index. */
  readonly inLine: Sender['inLine'];
  /** Where writes can be held back. */
  readonly gate: Pick<Gate, 'close' | 'closeOnly'>;
  /** Take up what an earlier process left, then follow the nodes. To be awaited before requests are served. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** See `Sender`. */
  readonly nodeHas: Sender['nodeHas'];
  /** A node has another disk than before: the parts that it had accepted count as missed. */
  loseNode(nodeId: string): Promise<void>;
}

/** Milliseconds between two prunings of old tasks, and how many go at a time. */
const pruneEveryMs = 60_000;
const pruneAtATime = 1_000;
/** Milliseconds that a write waits while writes are held back. */
const gatePatienceMs = 60_000;

/** Wires sender, acceptance, poller, finisher and recovery. */
export function createTaskEngine(options: TaskEngineOptions): TaskEngine {
  const { store, view, clients, now, timing, log } = options;
  const state = createClusterState({
    store,
    catalog: options.catalog,
    copies: options.copies,
    view,
    topology: options.topology,
  });
  const active = createActiveTasks();
  const canceller = createCanceller({ active, clients, store });
  const sender = createSender({
    clients,
    up: (nodeId) => view.up(nodeId),
    probe: options.probe,
    writeTimeoutMs: options.writeTimeoutMs,
    probeAfterMs: options.probeAfterMs,
    resends: options.resends,
    chains: createSerial(),
    timing,
    log,
    onLostAnswer: options.onLostAnswer,
    onOtherDisk: options.onOtherDisk,
  });
  const generations = createSerial();
  const gate = createGate(gatePatienceMs);
  const acceptance = createAcceptance({
    state,
    active,
    sender,
    locks: createSerial(),
    generations,
    gate,
    waiting: createWaiting(options.maxWaiting),
    idempotency: createIdempotency({ store, active, retentionMs: options.idempotency.retentionMs, now }),
    policy: options.policy,
    maxUnfinished: options.maxUnfinished,
    now,
    timing,
    toLogicalError: options.toLogicalError,
    onRegistered: (task) => options.onRegistered?.(task),
    onSent: () => poller.wake(),
  });
  const sendParts: typeof acceptance.sendParts = (task, parts, requests) => acceptance.sendParts(task, parts, requests);
  const jobs = createJobs({ state, now, log, onDone: () => poller.wake() });
  const finisher = createFinisher({
    state,
    active,
    now,
    log,
    settings: options.settings,
    generations,
    onGivenUp: (index) => giveUp({ clients, store, view, log }, index),
    toLogicalError: options.toLogicalError,
    sendParts,
    jobs,
    pursueCancellation: (task) => canceller.pursue(task),
    onLagging: (parts, indexId) => poller.watchLagging(parts, indexId),
    onEnded: options.onEnded,
  });
  const poller = createPoller({ state, active, clients, finisher, now, log });

  async function prune(): Promise<void> {
    const before = rfc3339(now() - options.retentionMs);
    while ((await store.pruneTasks(before, pruneAtATime)) === pruneAtATime);
    const { retentionMs, maxKeys } = options.idempotency;
    await store.pruneIdempotencyKeys(rfc3339(now() - retentionMs), maxKeys);
  }
  let pruning: NodeJS.Timeout | null = null;
  const nodePruning = createNodePruning({ store, view, clients, retentionMs: options.nodeRetentionMs, now, log });

  return {
    acceptance,
    active,
    jobs,
    inLine: sender.inLine,
    nodeHas: sender.nodeHas,
    gate,
    state,
    async start() {
      for (const nodeId of view.groups().flatMap((group) => [...view.nodes(group)])) {
        const newest = await store.newestNodeTask(nodeId);
        if (newest !== null) sender.nodeHas(nodeId, newest.uid);
      }
      await recover({
        state,
        active,
        clients,
        log,
        now,
        timing,
        policy: options.policy,
        sendParts,
        onLagging: (parts, indexId) => poller.watchLagging(parts, indexId),
      });
      poller.start();
      nodePruning.start();
      pruning = setInterval(() => {
        prune().catch((error: unknown) => log.warn({ err: error }, 'could not prune old tasks'));
      }, pruneEveryMs);
    },
    loseNode(nodeId) {
      sender.loseNode(nodeId);
      return poller.loseNode(nodeId);
    },
    async stop() {
      if (pruning !== null) clearInterval(pruning);
      await nodePruning.stop();
      await jobs.stop();
      await poller.stop();
    },
  };
}
