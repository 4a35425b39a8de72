import { nodePath } from '../indexes/prepare.ts';
import type { Logger } from '../observability/log.ts';
import { markStale } from '../placement/stale-mark.ts';
import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import { rfc3339 } from '../tasks/clock.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { missedWrites } from '../tasks/missed-log.ts';
import type { NodeAccess } from './node-access.ts';
import { type DiskVerdict, judgeDisk, newestTaskOn } from './node-disk.ts';
import type { TargetPreparation } from './prepare-target.ts';

/** What looking at a node that has come up is built from. */
export interface AdmissionCheckOptions {
  state: Pick<ClusterState, 'store' | 'catalog' | 'copies' | 'view' | 'commit' | 'shardsOn'>;
  access: NodeAccess;
  preparation: Pick<TargetPreparation, 'restoreSettings'>;
  /** Parts that the node had accepted count as missed. */
  loseNode(nodeId: string): Promise<void>;
  log: Logger;
}

/** Finds out what a node has before it is used. */
export interface AdmissionCheck {
  /**
   * Look at everything, and mark, delete or put right what is not as it should be. `otherDisk`: the disk is known to be another
   * one. Throws when the node cannot be asked.
   */
  admit(nodeId: string, otherDisk: boolean, signal: AbortSignal): Promise<void>;
  /** Whether the node still has the disk that it had. */
  disk(nodeId: string, signal: AbortSignal): Promise<DiskVerdict>;
}

const indexesPerPage = 1_000;
/** Task uid in the log of missed writes for what no task tells. */
const noTask = -1;

/** Builds it. */
export function createAdmissionCheck(options: AdmissionCheckOptions): AdmissionCheck {
  const { state, access, log } = options;
  const inUse = () => state.catalog.all().filter((index) => index.state === 'active');
  const kept = () =>
    state.catalog.all().filter(({ shadow }) => shadow?.phase === 'filling' || shadow?.phase === 'kept');

  /** Whether another copy can take the place of this one. */
  function replaceable(index: IndexRecord, shard: number, nodeId: string): boolean {
    return state.view
      .groups()
      .some((group) =>
        state.view
          .copies(index, group, shard)
          .some((other) => other !== nodeId && !state.copies.isStale(index.id, shard, other)),
      );
  }

  /** Marks copies whose content is not known, so that they are compared as a whole. */
  function unknownCopies(index: IndexRecord, nodeId: string, shards: readonly number[], reason: string): StoreChange[] {
    const since = rfc3339(Date.now());
    const missed = shards.map((shard) => ({ shard, nodeId }));
    return [
      ...missedWrites(state.copies, { touched: null, record: { uid: noTask } }, index.id, missed),
      ...missed.flatMap(({ shard }) => markStale(state.copies, { indexId: index.id, shard, nodeId, since, reason })),
    ];
  }

  async function takeOtherDisk(nodeId: string, verdict: DiskVerdict, signal: AbortSignal): Promise<void> {
    // first, so that no task of the former disk is written down once its tasks have been forgotten
    await options.loseNode(nodeId);
    const newest = await newestTaskOn(access, nodeId, signal);
    const changes = state.catalog.all().flatMap((index) => {
      const shards = state.shardsOn(index, nodeId);
      const marked = verdict === 'unclear' ? shards.filter((shard) => replaceable(index, shard, nodeId)) : shards;
      return unknownCopies(index, nodeId, marked, 'its node came back with another disk');
    });
    const open = (await state.store.openParts()).filter((part) => part.nodeId === nodeId);
    await state.commit([
      ...changes,
      ...open.map((part): StoreChange => ({ kind: 'putPart', record: { ...part, status: 'missed' } })),
      { kind: 'resetNodeTasks', nodeId, newest },
    ]);
    log.error(
      { node: nodeId, verdict },
      'node has not the disk that it had; its copies are compared with others before they serve',
    );
  }

  async function indexesOn(nodeId: string, signal: AbortSignal): Promise<Set<string>> {
    const names = new Set<string>();
    for (let offset = 0; ; offset += indexesPerPage) {
      const path = `/indexes?limit=${indexesPerPage}&offset=${offset}`;
      const page = (await access.read(nodeId, path, signal)) as { results: { uid: string }[] } | null;
      for (const { uid } of page?.results ?? []) names.add(uid);
      if ((page?.results.length ?? 0) < indexesPerPage) return names;
    }
  }

  /** Index deletions that the node missed. Only what is known to have been deleted goes: anything else may be somebody's. */
  async function deleteLeftovers(nodeId: string, present: ReadonlySet<string>): Promise<void> {
    const known = new Set(state.catalog.all().map(({ physicalUid }) => physicalUid));
    for (const physicalUid of present) {
      if (known.has(physicalUid) || !(await state.store.wasDeleted(physicalUid))) continue;
      const path = nodePath({ physicalUid });
      const answer = await access.client(nodeId).request({ method: 'DELETE', path });
      log.info(
        { node: nodeId, index: physicalUid, status: answer.status },
        'deleted an index whose deletion the node had missed',
      );
    }
  }

  /** An index that the node should have and has not; one that it has yet to create is in its own task queue. */
  async function markMissing(nodeId: string, present: ReadonlySet<string>): Promise<void> {
    const missing = [...inUse(), ...kept()].filter(
      (index) => !present.has(index.physicalUid) && !state.copies.isLagging(index.id, nodeId),
    );
    await state.commit(
      missing.flatMap((index) => unknownCopies(index, nodeId, state.shardsOn(index, nodeId), 'its index was missing')),
    );
  }

  async function settleSettings(nodeId: string, present: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    for (const index of inUse()) {
      const serves = state.shardsOn(index, nodeId).some((shard) => !state.copies.isStale(index.id, shard, nodeId));
      if (!serves || !present.has(index.physicalUid) || state.copies.isLagging(index.id, nodeId)) continue;
      await options.preparation.restoreSettings(index, nodeId, signal);
    }
  }

  return {
    disk: (nodeId, signal) => judgeDisk(state.store, access, nodeId, signal),
    async admit(nodeId, otherDisk, signal) {
      const verdict = otherDisk ? 'other' : await judgeDisk(state.store, access, nodeId, signal);
      if (verdict !== 'same') await takeOtherDisk(nodeId, verdict, signal);
      const present = await indexesOn(nodeId, signal);
      await deleteLeftovers(nodeId, present);
      await markMissing(nodeId, present);
      await settleSettings(nodeId, present, signal);
    },
  };
}
