import type { Config } from '../config/schema.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import { markStale } from '../placement/stale-mark.ts';
import type { IndexRecord, StaleCopy } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import { rfc3339 } from '../tasks/clock.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import { type Admission, createAdmission } from './admission.ts';
import { createAdmissionCheck } from './admission-check.ts';
import { createNodeAccess, type NodeAccess } from './node-access.ts';
import type { PaceLimits } from './pace.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { createTargetPreparation, type TargetPreparation } from './prepare-target.ts';
import { createQuiet, type Quiet } from './quiet.ts';
import { createCopyRepair } from './repair-copies.ts';
import { createRepairScheduler, type RepairScheduler, type RepairStatus } from './scheduler.ts';
import { createThrottle, type Throttle } from './throttle.ts';
import type { TouchedDocuments } from './touched.ts';
import { createVerifier, type Verifier } from './verifier.ts';
import { createShardVerification } from './verify-index.ts';

/** What repairs are built from. */
export interface RepairOptions {
  tasks: TaskEngine;
  touched: TouchedDocuments;
  /** Ids of every node. */
  nodes(): readonly string[];
  health: { up(nodeId: string): boolean };
  /** Told whenever a node may have begun or ceased to be used. */
  onNodeUse?: (nodeId: string) => void;
  clients: { get(nodeId: string): NodeClient | undefined };
  /** See `VerifyOptions`. */
  correcting(index: IndexRecord, ids: readonly string[]): Promise<void>;
  /** Whether a stale copy may be filled now. */
  may(mark: StaleCopy): boolean;
  config: Pick<Config['rebalance'], 'docsPerSecond' | 'maxConcurrentMoves' | 'maxPause' | 'backOff'>;
  antiEntropy: { enabled: boolean; interval: number; rememberDeletions: number };
  metrics: {
    repaired(repair: RepairStatus, succeeded: boolean, seconds: number): void;
    verified(found: { differed: number; written: number; deleted: number }): void;
  };
  /** Milliseconds a node may take to answer, or to take a batch. */
  timeoutMs: number;
  log: Logger;
}

/** Letting nodes in, and repairing what they missed. Neither has been started. */
export interface Repairs {
  admission: Admission;
  scheduler: RepairScheduler;
  verifier: Verifier;
  pacer: Pacer;
  /** What else copies documents between nodes shares these. */
  tools: { access: NodeAccess; quiet: Quiet; preparation: TargetPreparation; throttle: Throttle };
}

/** Age of the oldest task of clients that is with the nodes, in milliseconds. */
function oldestTaskMs(active: Pick<ActiveTasks, 'all'>): number {
  const since = [...active.all()].flatMap(({ record, effect }) =>
    effect.job === undefined ? [Date.parse(record.enqueuedAt)] : [],
  );
  return Date.now() - Math.min(Date.now(), ...since);
}

function limitsOf({ docsPerSecond, backOff }: RepairOptions['config']): PaceLimits {
  const { enabled, searchSlowdown, taskAge, minDocsPerSecond } = backOff;
  return {
    most: docsPerSecond,
    least: minDocsPerSecond,
    slowdown: enabled && searchSlowdown > 0 ? 1 + searchSlowdown / 100 : 0,
    taskAgeMs: enabled ? taskAge : 0,
  };
}

/** Wires the parts. */
export function createRepairs(options: RepairOptions): Repairs {
  const { tasks, config, timeoutMs, log } = options;
  const { state, active, gate } = tasks;
  const throttle = createThrottle(config.docsPerSecond === 0 ? null : config.docsPerSecond);
  const pacer = createPacer({
    limits: limitsOf(config),
    throttle,
    busy: () => scheduler.status().some(({ phase }) => phase !== 'waiting'),
    oldestTaskMs: () => oldestTaskMs(active),
    now: () => performance.now(),
    log,
  });
  const access = createNodeAccess({
    state,
    inLine: tasks.inLine,
    nodeHas: tasks.nodeHas,
    clients: options.clients,
    timeoutMs,
  });
  const quiet = createQuiet({ active, gate, access, maxHoldMs: config.maxPause });
  const preparation = createTargetPreparation({
    access,
    active,
    quiet,
    async markAllStale(index, nodeId, reason) {
      const since = rfc3339(Date.now());
      const changes = state.shardsOn(index, nodeId).flatMap((shard): StoreChange[] => {
        const copy = { indexId: index.id, shard, nodeId };
        // the log of what it missed before is worth nothing now
        const log: StoreChange = { kind: 'putMissed', record: { ...copy, taskUid: -1, ids: null, first: false } };
        return [log, ...markStale(state.copies, { ...copy, since, reason })];
      });
      await state.commit(changes);
    },
  });
  const repair = createCopyRepair({
    state,
    active,
    quiet,
    access,
    preparation,
    touched: options.touched,
    throttle,
    timeoutMs,
  });
  const scheduler = createRepairScheduler({
    state,
    repair,
    async prepareAlone({ index, nodeId }, signal) {
      await preparation.prepare(index, nodeId, null, signal);
    },
    may: options.may,
    maxConcurrent: config.maxConcurrentMoves,
    onEnded: options.metrics.repaired,
    log,
  });
  const check = createAdmissionCheck({ state, access, preparation, loseNode: (nodeId) => tasks.loseNode(nodeId), log });
  const verifyShard = createShardVerification({
    state,
    quiet,
    access,
    touched: options.touched,
    throttle,
    timeoutMs,
    correcting: options.correcting,
  });
  const verifier = createVerifier({
    state,
    verifyShard,
    intervalMs: options.antiEntropy.enabled ? options.antiEntropy.interval : null,
    rememberMs: options.antiEntropy.rememberDeletions,
    onShard: options.metrics.verified,
    now: Date.now,
    log,
  });
  return {
    verifier,
    pacer,
    admission: createAdmission({
      nodes: options.nodes,
      health: options.health,
      check,
      onChange: options.onNodeUse,
      log,
    }),
    scheduler,
    tools: { access, quiet, preparation, throttle },
  };
}
