import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexRecord } from '../store/records.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import { compareSides } from './compare.ts';
import { maxEntries } from './copy-comparison.ts';
import { type CopyReader, createCopyReader } from './copy-reader.ts';
import type { NodeAccess } from './node-access.ts';
import type { Quiet } from './quiet.ts';
import { type Finding, type Findings, settleDocuments } from './settle-documents.ts';
import type { Throttle } from './throttle.ts';
import type { TouchedDocuments } from './touched.ts';

/** What comparing copies that are in sync is built from. */
export interface VerifyOptions {
  state: Pick<ClusterState, 'store' | 'copies' | 'view'>;
  quiet: Quiet;
  access: NodeAccess;
  touched: TouchedDocuments;
  throttle: Throttle;
  timeoutMs: number;
  /** Called before documents are put right that no task writes: another layout of the index has to follow. */
  correcting(index: IndexRecord, ids: readonly string[]): Promise<void>;
}

/** What comparing the copies of one shard found. */
export interface VerifiedShard {
  /** Copies that were compared; below two there was nothing to compare. */
  copies: number;
  differed: number;
  /** Copies of documents that were written or deleted to make them equal. */
  written: number;
  deleted: number;
  guessed: number;
  undecided: number;
  /** Documents that seemed to differ but could not be looked at while nothing was written. */
  unsettled: number;
}

const nothingFound = { differed: 0, written: 0, deleted: 0, guessed: 0, undecided: 0, unsettled: 0 };

/** Documents that may differ, gathered in one reading of a shard; with more it is read again. */
const mostSuspects = 10_000;
/** Documents put right while writes are held back once. */
const idsPerHold = 200;
const holdAttempts = 8;
const mostReadings = 50;

function count(to: VerifiedShard, { decision, copies }: Finding): void {
  to.differed++;
  if (decision.kind === 'write') to.written += copies;
  if (decision.kind === 'delete') to.deleted += copies;
  if (decision.kind === 'write' && decision.guessed) to.guessed++;
  if (decision.kind === 'undecided') to.undecided++;
}

/** Compares the copies of one shard that are in sync, and makes them equal. `onRead` counts documents read. */
export function createShardVerification(options: VerifyOptions) {
  const { state, quiet } = options;

  function readable(index: IndexRecord, shard: number): string[] {
    const { view } = state;
    const copies = view.groups().flatMap((group) => [...view.copies(index, group, shard)]);
    return copies.filter((node) => view.up(node) && !state.copies.isStale(index.id, shard, node));
  }

  /** Ids that differ between the first copy and any other, as far as can be told while clients write. */
  async function suspects(reader: CopyReader, nodes: readonly string[], shard: number, signal: AbortSignal) {
    const found = new Set<string>();
    const note = (id: string) => {
      if (found.size < mostSuspects) found.add(id);
    };
    const [first = '', ...others] = nodes;
    for (const other of others) {
      await compareSides(reader.side(first, [shard], signal), reader.side(other, [shard], signal), maxEntries, {
        missing: async ({ id }) => note(id),
        extra: async (ids) => ids.forEach(note),
      });
    }
    return [...found];
  }

  /** False when writes could not be held back long enough. What was found, also by attempts that were cut short, is in `found`. */
  async function settle(
    reader: CopyReader,
    index: IndexRecord,
    shard: number,
    ids: readonly string[],
    found: Findings,
    signal: AbortSignal,
  ): Promise<boolean> {
    for (let attempt = 1; attempt <= holdAttempts; attempt++) {
      const done = await quiet.hold(index, { attempt }, signal, async (within) => {
        const nodes = readable(index, shard);
        await quiet.applied(index, nodes, within);
        await quiet.followed(index, new Set(nodes), within);
        const still = nodes.filter((node) => readable(index, shard).includes(node));
        await options.correcting(index, ids);
        options.touched.registered({
          record: { indexId: index.id, type: 'documentAdditionOrUpdate' },
          touched: new Map([[shard, ids]]),
        });
        await settleDocuments({ ...options, store: state.store }, reader, index, still, ids, found, within);
        return true;
      });
      if (done === true) return true;
      await sleep(attempt * 250, undefined, { signal });
    }
    return false;
  }

  return async function verifyShard(
    index: IndexRecord,
    shard: number,
    onRead: (documents: number) => void,
    signal: AbortSignal,
  ): Promise<VerifiedShard> {
    const nodes = readable(index, shard);
    const result: VerifiedShard = { ...nothingFound, copies: nodes.length };
    if (nodes.length < 2 || index.primaryKey === null) return result;
    const reader = createCopyReader({ ...options, index, onRead });
    for (let reading = 1; reading <= mostReadings; reading++) {
      await quiet.applied(index, nodes, signal);
      const ids = await suspects(reader, nodes, shard, signal);
      for (let from = 0; from < ids.length; from += idsPerHold) {
        const some = ids.slice(from, from + idsPerHold);
        const found: Findings = new Map();
        if (!(await settle(reader, index, shard, some, found, signal))) result.unsettled += some.length;
        for (const finding of found.values()) count(result, finding);
      }
      if (ids.length < mostSuspects) break;
    }
    return result;
  };
}

/** See `createShardVerification`. */
export type VerifyShard = ReturnType<typeof createShardVerification>;
