import { ApiError } from '../errors/api-error.ts';
import type { ReshardService } from '../http/services.ts';
import { physicalUid } from '../indexes/catalog.ts';
import type { Logger } from '../observability/log.ts';
import type { AdminReshard } from '../placement/admin-types.ts';
import type { IndexRecord, Shadow } from '../store/records.ts';
import { rfc3339 } from '../tasks/clock.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { createSerial } from '../tasks/serial.ts';
import { type Layouts, layoutsOf, phaseChange } from './layouts.ts';
import type { ChangeLayouts } from './phases.ts';
import { paceOf } from './progress.ts';
import type { Attempt, Runner } from './runner.ts';

/** What operators' requests are built from. */
export interface ReshardServiceOptions {
  state: Pick<ClusterState, 'store' | 'catalog' | 'commit'>;
  runner: Pick<Runner, 'attempt' | 'interrupt'>;
  change: ChangeLayouts;
  /** Milliseconds that a former layout is kept. */
  retainMs: number;
  /** RFC 3339. */
  now(): string;
  onAborted(): void;
  log: Logger;
}

const conflict = (message: string) => new ApiError('miroir_reshard_conflict', message);

function notFound(uid: string): ApiError {
  return new ApiError('index_not_found', `Index \`${uid}\` not found.`);
}

const states = { preparing: 'preparing', filling: 'filling', kept: 'kept', dropped: 'dropping' } as const;

/** What operators see of an index and its shadow, if it has one. */
export function describeReshard(
  index: Pick<IndexRecord, 'uid' | 'shards'>,
  other: { shards: number; shadow: Shadow } | null,
  attempt: Attempt | null,
  retainMs: number,
): AdminReshard {
  const shadow = other?.shadow ?? null;
  const progress = attempt?.progress ?? null;
  const working = progress !== null && (shadow?.phase === 'preparing' || shadow?.phase === 'filling');
  const pace = working ? paceOf(progress, performance.now()) : { documentsPerSecond: null, secondsLeft: null };
  const total = progress?.total ?? null;
  const done = progress?.done ?? 0;
  return {
    index: index.uid,
    state: shadow === null ? 'idle' : states[shadow.phase],
    step: working ? progress.step : null,
    shards: index.shards,
    otherShards: other?.shards ?? null,
    rollback: shadow?.phase === 'filling' && shadow.servedUntil !== null,
    documents: { done: total === null ? done : Math.min(done, total), total },
    copied: progress?.copied ?? 0,
    deleted: progress?.deleted ?? 0,
    ...pace,
    startedAt: shadow?.startedAt ?? null,
    keptUntil: shadow?.phase === 'kept' ? rfc3339(Date.parse(shadow.since) + retainMs) : null,
    error: attempt?.lastError ?? null,
  };
}

/** Builds the requests of operators. They begin, end or turn a resharding; what follows is the runner's. */
export function createReshardService(options: ReshardServiceOptions): ReshardService {
  const { state, runner, log } = options;
  const { catalog } = state;
  const turns = createSerial();

  function indexOf(uid: string): IndexRecord {
    const index = catalog.visible(uid);
    if (index === null) throw notFound(uid);
    return index;
  }

  /** The shadow of an index; a dropped one only if there is no other. */
  function shadowRecord(index: IndexRecord): (IndexRecord & { shadow: Shadow }) | null {
    const all = catalog
      .all()
      .flatMap((record) => (record.shadow?.of === index.id ? [{ ...record, shadow: record.shadow }] : []));
    return all.find(({ shadow }) => shadow.phase !== 'dropped') ?? all[0] ?? null;
  }

  function status(uid: string): AdminReshard {
    const index = indexOf(uid);
    const record = shadowRecord(index);
    return describeReshard(index, record, record === null ? null : runner.attempt(record.id), options.retainMs);
  }

  /** Interrupts the work for the shadow in one of these phases, and puts it into another. */
  function turn(
    uid: string,
    phases: readonly Shadow['phase'][],
    refusal: string,
    to: (shadow: Shadow) => Partial<Shadow> & Pick<Shadow, 'phase'>,
  ): Promise<AdminReshard> {
    return turns.run(uid, async () => {
      const record = shadowRecord(indexOf(uid));
      const fits = (layouts: Layouts | null) =>
        layouts?.index.uid === uid && phases.includes(layouts.record.shadow!.phase) ? layouts : null;
      if (record === null || fits(layoutsOf(state, record.id)) === null) throw conflict(refusal);
      await runner.interrupt(record.id, async () => {
        // it may have ended before it could be interrupted
        if (fits(layoutsOf(state, record.id)) === null) throw conflict(refusal);
        await options.change(
          record.id,
          (layouts) => [phaseChange(layouts, to(layouts.record.shadow!), options.now())],
          new AbortController().signal,
        );
      });
      const answer = status(uid);
      log.info(
        { index: uid, state: answer.state, shards: answer.shards, other: answer.otherShards },
        'resharding turned',
      );
      return answer;
    });
  }

  return {
    status,
    start: (uid, shards) =>
      turns.run(uid, async () => {
        const index = indexOf(uid);
        const present = shadowRecord(index);
        if (index.shards === shards) throw conflict(`Index \`${uid}\` has ${shards} shards already.`);
        if (present?.shadow.phase === 'kept') {
          throw conflict(
            `The former layout of index \`${uid}\`, with ${present.shards} shards, is still kept. Roll back to it or finish the resharding first.`,
          );
        }
        if (present !== null && present.shadow.phase !== 'dropped') {
          throw conflict(`Index \`${uid}\` is already being resharded to ${present.shards} shards.`);
        }
        if (index.state !== 'active' || index.acceptedUid !== uid) {
          throw new ApiError('miroir_index_busy', `Index \`${uid}\` is being deleted or renamed.`);
        }
        const id = await state.store.nextId('index');
        const now = options.now();
        const shadow: Shadow = { of: index.id, phase: 'preparing', since: now, startedAt: now, servedUntil: null };
        const record = { ...index, id, physicalUid: physicalUid(uid, id), shards, state: 'shadow', shadow } as const;
        await state.commit([{ kind: 'putIndex', record }]);
        log.info({ index: uid, from: index.shards, to: shards, layout: id }, 'resharding begins');
        return status(uid);
      }),
    async abort(uid) {
      const answer = await turn(
        uid,
        ['preparing', 'filling'],
        `No resharding of index \`${uid}\` is under way that could be aborted. After the switch it can only be rolled back.`,
        // a layout that has served before stays for going back to it later
        ({ servedUntil }) => ({ phase: servedUntil === null ? 'dropped' : 'kept' }),
      );
      options.onAborted();
      return answer;
    },
    rollback: (uid) =>
      turn(uid, ['kept'], `No former layout of index \`${uid}\` is kept that could be gone back to.`, () => ({
        phase: 'filling',
        startedAt: options.now(),
      })),
    finish: (uid) => turn(uid, ['kept'], `No former layout of index \`${uid}\` is kept.`, () => ({ phase: 'dropped' })),
  };
}
