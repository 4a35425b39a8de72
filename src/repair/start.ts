import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { StoreChange } from '../store/store.ts';
import { rfc3339 } from '../tasks/clock.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import { createNodeAccess } from './node-access.ts';
import { createTargetPreparation } from './prepare-target.ts';
import { createCopyRepair } from './repair-copies.ts';
import { createRepairScheduler, type RepairScheduler } from './scheduler.ts';
import { createThrottle } from './throttle.ts';
import type { TouchedDocuments } from './touched.ts';

/** What repairs are built from. */
export interface RepairOptions {
  tasks: TaskEngine;
  touched: TouchedDocuments;
  clients: { get(nodeId: string): NodeClient | undefined };
  config: { docsPerSecond: number; maxConcurrentMoves: number; maxPause: number };
  /** Milliseconds a node may take to answer, or to take a batch. */
  timeoutMs: number;
  log: Logger;
}

/** Wires the repair of stale copies, and starts it. */
export function startRepairs(options: RepairOptions): RepairScheduler {
  const { tasks, config, timeoutMs, log } = options;
  const { state, active, gate, sender } = tasks;
  const access = createNodeAccess({ state, sender, clients: options.clients, timeoutMs });
  const preparation = createTargetPreparation({
    access,
    active,
    gate,
    maxHoldMs: config.maxPause,
    async markAllStale(index, nodeId, reason) {
      const since = rfc3339(Date.now());
      const changes = state.shardsOn(index, nodeId).flatMap((shard): StoreChange[] => {
        const copy = { indexId: index.id, shard, nodeId };
        // the log of what it missed before is worth nothing now
        const log: StoreChange = { kind: 'putMissed', record: { ...copy, taskUid: -1, ids: null, first: false } };
        const stale = state.copies.isStale(index.id, shard, nodeId);
        return stale ? [log] : [log, { kind: 'putStale', record: { ...copy, since, reason } }];
      });
      await state.commit(changes);
    },
  });
  const repair = createCopyRepair({
    state,
    active,
    gate,
    access,
    preparation,
    touched: options.touched,
    throttle: createThrottle(config.docsPerSecond),
    maxHoldMs: config.maxPause,
    timeoutMs,
  });
  const scheduler = createRepairScheduler({
    state,
    repair,
    async prepareAlone({ index, nodeId }, signal) {
      await preparation.prepare(index, nodeId, null, signal);
    },
    maxConcurrent: config.maxConcurrentMoves,
    onEnded: () => undefined,
    log,
  });
  scheduler.start();
  return scheduler;
}
