import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../observability/log.ts';
import type { IndexRecord, Shadow, StaleCopy } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import { dropLayout } from './drop.ts';
import { createFill, prepareNodes } from './fill.ts';
import { currentLayouts, type FillOptions, ReshardError } from './filling.ts';
import { attachChanges, type Layouts, layoutsOf, ownedCopies, phaseChange } from './layouts.ts';
import { enter, type ReshardProgress } from './progress.ts';
import type { Work } from './runner.ts';

/** What carrying a resharding on is built from. */
export interface PhasesOptions extends FillOptions {
  /** Milliseconds that a former layout is kept. */
  retainMs: number;
  /** Milliseconds since the epoch. */
  clock(): number;
  /** Whether a stale copy may be filled now: not while moving is paused, nor on a node that is full. */
  may(mark: StaleCopy): boolean;
  onSwitched(outcome: 'switched' | 'rolled_back'): void;
  /** Documents that an attempt has stored and deleted. */
  onFilled(progress: ReshardProgress): void;
  log: Logger;
}

/** Milliseconds for which searches and readers that began on a layout may still need it. */
const readersMs = 60_000;
/** How often it is tried to hold writes back for a change that takes no time. */
const holdAttempts = 8;
const pauseMs = 250;

/** Changes what is written where, while nobody decides on a write: what `change` returns is committed then. */
export type ChangeLayouts = (
  shadowId: number,
  change: (layouts: Layouts) => readonly StoreChange[],
  signal: AbortSignal,
) => Promise<void>;

/** The phases of a resharding: what is to be done in each, and how one gets to the next. */
export function createPhases(options: PhasesOptions): {
  next(record: IndexRecord, shadow: Shadow): Work;
  change: ChangeLayouts;
} {
  const { state, quiet, log } = options;
  const fill = createFill(options);

  const change: ChangeLayouts = async (shadowId, decide, signal) => {
    for (let attempt = 1; attempt <= holdAttempts; attempt++) {
      const { index } = currentLayouts(state, shadowId);
      const done = await quiet.hold(index, { attempt }, signal, async () => {
        await state.commit(decide(currentLayouts(state, shadowId)));
        return true;
      });
      if (done === true) return;
      await sleep(pauseMs, undefined, { signal });
    }
    throw new ReshardError('writes to the index could not be held back');
  };

  async function prepare(shadowId: number, progress: ReshardProgress, signal: AbortSignal): Promise<void> {
    enter(progress, 'preparing');
    const up = ownedCopies(state, currentLayouts(state, shadowId).shadow).filter(({ nodeId }) => state.view.up(nodeId));
    await prepareNodes(options, shadowId, up, signal);
    await change(shadowId, (layouts) => attachChanges(state, layouts, options.now()), signal);
    log.info({ layout: shadowId, copies: up.length }, 'every write goes to both layouts from now on');
  }

  /** Copying is held off where moving is: while it is paused, and for nodes that are full. */
  function refuseHeldOff(shadowId: number): void {
    const marks = state.copies.stale().filter(({ indexId }) => indexId === shadowId);
    const held = marks.find((mark) => !options.may({ ...mark, cause: 'moving' }));
    if (held !== undefined) throw new ReshardError(`moving is paused, or node ${held.nodeId} is full`);
  }

  async function switchTo({ id, uid }: IndexRecord, shadow: Shadow, progress: ReshardProgress, signal: AbortSignal) {
    const { index } = currentLayouts(state, id);
    refuseHeldOff(id);
    try {
      await fill(id, 'switch', progress, signal);
    } finally {
      options.onFilled(progress);
    }
    const { copied, deleted } = progress;
    const shards = state.catalog.byId(id)?.shards;
    log.info(
      { index: uid, from: index.shards, to: shards, copied, deleted },
      'index serves with another number of shards',
    );
    options.onSwitched(shadow.servedUntil === null ? 'switched' : 'rolled_back');
  }

  async function level(record: IndexRecord, progress: ReshardProgress, signal: AbortSignal): Promise<void> {
    try {
      await fill(record.id, 'level', progress, signal);
    } finally {
      options.onFilled(progress);
    }
    log.info({ index: record.uid, layout: record.physicalUid }, 'the layout that is kept is level again');
  }

  const drop = (layouts: Layouts): StoreChange[] => [phaseChange(layouts, { phase: 'dropped' }, options.now())];

  function nextWhileKept(record: IndexRecord, shadow: Shadow): Work {
    if (options.clock() >= Date.parse(shadow.since) + options.retainMs) {
      return (_progress, signal) => change(record.id, drop, signal);
    }
    const { copies, view } = state;
    const stale = copies.stale().filter((mark) => mark.indexId === record.id && view.up(mark.nodeId));
    return stale.some(options.may) ? (progress, signal) => level(record, progress, signal) : null;
  }

  return {
    change,
    next(record, shadow) {
      const { id } = record;
      if (shadow.phase === 'dropped') {
        const needed = shadow.servedUntil !== null && options.clock() < Date.parse(shadow.servedUntil) + readersMs;
        return needed ? null : (_progress, signal) => dropLayout(options, record, signal);
      }
      const layouts = layoutsOf(state, id);
      // its index went before it was known
      if (layouts === null) {
        const gone = { ...shadow, phase: 'dropped', since: options.now() } as const;
        return () => state.commit([{ kind: 'putIndex', record: { ...record, shadow: gone } }]);
      }
      if (layouts.index.state !== 'active') return null;
      if (shadow.phase === 'preparing') return (progress, signal) => prepare(id, progress, signal);
      if (shadow.phase === 'filling') return (progress, signal) => switchTo(record, shadow, progress, signal);
      return nextWhileKept(record, shadow);
    },
  };
}
