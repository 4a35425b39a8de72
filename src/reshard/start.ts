import type { ReshardService } from '../http/services.ts';
import type { Logger } from '../observability/log.ts';
import type { Repairs } from '../repair/start.ts';
import type { StaleCopy } from '../store/records.ts';
import { type Clock, rfc3339 } from '../tasks/clock.ts';
import type { TaskEngine } from '../tasks/engine.ts';
import { createPhases } from './phases.ts';
import { createRunner } from './runner.ts';
import { createReshardService } from './service.ts';
import type { WriteWatches } from './write-watch.ts';

/** What resharding needs of the rest of a process. */
export interface ReshardingOptions {
  tasks: TaskEngine;
  /** How nodes are spoken to and documents copied; bounded together with repairs. */
  tools: Repairs['tools'];
  watches: WriteWatches;
  /** Whether a stale copy may be filled now. */
  may(mark: StaleCopy): boolean;
  /** Milliseconds that a former layout is kept. */
  retainMs: number;
  /** Milliseconds a node may take to answer, or to take a batch. */
  timeoutMs: number;
  metrics: {
    ended(outcome: 'switched' | 'rolled_back' | 'aborted'): void;
    copied(documents: number): void;
    deleted(documents: number): void;
  };
  now: Clock;
  log: Logger;
}

/** Changing numbers of shards; neither part has been started. */
export interface Resharding {
  service: ReshardService;
  start(): void;
  stop(): Promise<void>;
}

/** Wires the parts. */
export function createResharding(options: ReshardingOptions): Resharding {
  const { tasks, metrics, retainMs, log } = options;
  const { state, active } = tasks;
  const now = () => rfc3339(options.now());
  const phases = createPhases({
    ...options.tools,
    state,
    active,
    watches: options.watches,
    timeoutMs: options.timeoutMs,
    retainMs,
    now,
    clock: options.now,
    may: options.may,
    onSwitched: metrics.ended,
    onFilled({ copied, deleted }) {
      metrics.copied(copied);
      metrics.deleted(deleted);
    },
    log,
  });
  const runner = createRunner({ state, next: phases.next, log });
  const service = createReshardService({
    state,
    runner,
    change: phases.change,
    retainMs,
    now,
    onAborted: () => metrics.ended('aborted'),
    log,
  });
  return { service, start: runner.start, stop: runner.stop };
}
