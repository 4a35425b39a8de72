import { setTimeout as sleep } from 'node:timers/promises';
import type { ActiveTask } from '../tasks/active.ts';
import {
  applied,
  comparisonFor,
  copiesToFill,
  currentLayouts,
  type Filling,
  type FillOptions,
  isStillWanted,
  nodesOf,
  type Purpose,
  ReshardError,
  sourceOf,
} from './filling.ts';
import { finish } from './finish.ts';
import { type ShardClass, type ShardCopy, shardClasses } from './layout.ts';
import { addLogged, readLogs } from './logs.ts';
import { enter, type ReshardProgress } from './progress.ts';
import { together } from './together.ts';

const mostRounds = 40;
/** Classes of shards read at the same time: each waits for its nodes to store what it found. */
const classesAtOnce = 4;
/** How often the same shards are read when clients write too much meanwhile. */
const mostReadings = 5;
const longestPauseMs = 5_000;
const pollMs = 10;

/** With more suspects than this, writes are not held back yet in a round: where clients write much they do not become fewer for ever. */
function mostSuspects(round: number): number {
  if (round <= 3) return 50;
  return round <= 8 ? 5_000 : Number.POSITIVE_INFINITY;
}

/** Makes the index right on the nodes of some copies of its shadow. */
export async function prepareNodes(
  { state, preparation }: Pick<FillOptions, 'state' | 'preparation'>,
  shadowId: number,
  copies: readonly ShardCopy[],
  signal: AbortSignal,
): Promise<void> {
  const works = nodesOf(copies).map((nodeId) => (within: AbortSignal) => {
    const { index, shadow } = currentLayouts(state, shadowId);
    return preparation.prepare(shadow, nodeId, { index, nodeId: sourceOf(state, index, 0) }, within);
  });
  await together(works, signal);
}

/**
 * Makes copies of a shadow equal to what readers see, while clients write to both. Documents are copied, then compared once more,
 * then those that were written in the meantime; last the writes to the index are held back for a moment, what is left is put
 * right, and one commit takes the marks off, and with them switches the layouts if that is what it is for. Nothing but the marks
 * and the log of missed writes is kept: when it is interrupted it starts again, and finds most of its work done.
 */
export function createFill(options: FillOptions) {
  const { state } = options;

  /** Until every task that was accepted before the shadow got any has ended: the shadow learns of it by reading only. */
  async function olderEnded(shadowId: number, signal: AbortSignal): Promise<void> {
    const { index } = currentLayouts(state, shadowId);
    const isOlder = ({ record, parts }: ActiveTask) =>
      record.indexId === index.id && parts.length > 0 && !parts.some((part) => part.shadowId === shadowId);
    while ([...options.active.all()].some(isOlder)) await sleep(pollMs, undefined, { signal });
  }

  /** One reading of a class of shards, again when clients wrote too much meanwhile. */
  async function readClass(filling: Filling, shards: ShardClass, signal: AbortSignal): Promise<number> {
    for (let reading = 1; reading <= mostReadings; reading++) {
      if (!isStillWanted(state, filling)) throw new ReshardError('nodes or copies have changed');
      const { suspects, complete, differed } = await comparisonFor(options, filling).whole(shards, signal);
      for (const id of suspects) filling.ids.add(id);
      if (complete) return differed;
    }
    throw new ReshardError('clients write more than can be caught up with');
  }

  /** One reading of some shards of the shadow and what they are made of; resolves with the number of documents that differed. */
  async function read(filling: Filling, step: 'copying' | 'verifying', shards: ReadonlySet<number>): Promise<number> {
    const { index, shadow } = currentLayouts(state, filling.shadowId);
    // without a primary key there are no documents yet, and those to come go to both layouts
    if ((index.primaryKey ?? index.acceptedPrimaryKey) === null) return 0;
    const counts = await comparisonFor(options, filling).counts(filling.signal);
    const held = counts.shadow.reduce((sum, count) => sum + count, 0);
    enter(filling.progress, step, counts.index * counts.shadow.length + held);
    const classes = shardClasses(index.shards, shadow.shards).filter(({ to }) => to.some((shard) => shards.has(shard)));
    let differed = 0;
    const reader = async (signal: AbortSignal) => {
      for (let some = classes.shift(); some !== undefined; some = classes.shift()) {
        differed += await readClass(filling, some, signal);
      }
    };
    await together(Array<typeof reader>(classesAtOnce).fill(reader), filling.signal);
    return differed;
  }

  async function readWhole(filling: Filling): Promise<void> {
    const shards = new Set(filling.shards);
    filling.shards.clear();
    if ((await read(filling, 'copying', shards)) > 0) await read(filling, 'verifying', shards);
  }

  async function rounds(filling: Filling): Promise<void> {
    const { progress, signal } = filling;
    let attempts = 0;
    for (let round = 1; round <= mostRounds; round++) {
      if (!isStillWanted(state, filling)) throw new ReshardError('nodes or copies have changed');
      await addLogged(state, filling);
      if (filling.shards.size > 0) await readWhole(filling);
      enter(progress, 'catching up');
      await applied(options, filling.shadowId, filling.copies, signal);
      if (filling.ids.size <= mostSuspects(round)) {
        enter(progress, 'finishing');
        if (await finish(options, filling, ++attempts)) return;
        await sleep(Math.min(longestPauseMs, round * 200), undefined, { signal });
        continue;
      }
      const { suspects, complete } = await comparisonFor(options, filling).some([...filling.ids], signal);
      if (complete) filling.ids = suspects;
    }
    throw new ReshardError('clients write more than can be caught up with');
  }

  /** Fill a shadow, and with `switch` make it what readers see; throws when that was not possible, with the layouts as they were. */
  return async function fill(
    shadowId: number,
    purpose: Purpose,
    progress: ReshardProgress,
    signal: AbortSignal,
  ): Promise<void> {
    enter(progress, 'preparing');
    const before = copiesToFill(state, currentLayouts(state, shadowId).shadow, purpose);
    await olderEnded(shadowId, signal);
    await applied(options, shadowId, before, signal);
    await prepareNodes(options, shadowId, before, signal);
    const { index, shadow } = currentLayouts(state, shadowId);
    const watch = options.watches.watch(index.id);
    try {
      const filling: Filling = {
        shadowId,
        purpose,
        // an index that had to be made anew has made more copies stale
        copies: copiesToFill(state, shadow, purpose),
        watch,
        progress,
        signal,
        shards: new Set(),
        ids: new Set(),
        logged: new Map(),
        sources: new Map(),
      };
      await readLogs(state, filling);
      await rounds(filling);
    } finally {
      watch.stop();
    }
  };
}

/** See `createFill`. */
export type Fill = ReturnType<typeof createFill>;
