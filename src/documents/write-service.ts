import type { DocumentWriteService } from '../http/services.ts';
import { indexNotFoundBody } from '../indexes/errors.ts';
import { forBothLayouts, nodePath, type PreparedIndex, type PrepareOptions, prepareIndex } from '../indexes/prepare.ts';
import type { Caller } from '../keys/caller.ts';
import { shardOf } from '../placement/hash.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import { type Acceptance, type PlannedPart, settledPlan, type WritePlan } from '../tasks/acceptance.ts';
import { deleteAllParts } from './delete-all.ts';
import { deletionRecord } from './deletion-record.ts';
import type { BatchJudge } from './judge-batch.ts';
import { type VersionClock, versionMarker } from './markers.ts';
import { buildNodeBody } from './node-body.ts';
import { type ParsedPayload, parsePayload } from './payload.ts';
import { type PlacedBatch, placeBatch } from './placed-batch.ts';
import { filteredParts, idsByShard, shardsByNode, splitByCount } from './shard-parts.ts';
import { atOnce, inTurns } from './turns.ts';

/** What the document routes that write are built from. */
export interface DocumentWriteOptions extends Omit<PrepareOptions, 'view'> {
  view: ClusterView;
  acceptance: Acceptance;
  judgeBatch: BatchJudge;
  versions: VersionClock;
}

/** The document routes that write (spec 4): decide the task's fate as one Meilisearch would, then route by shard. */
export function createDocumentWriteService(options: DocumentWriteOptions): Omit<DocumentWriteService, 'edit'> {
  const { acceptance, catalog, judgeBatch, versions, view } = options;

  function documentParts(
    { index, fresh }: PreparedIndex,
    mode: 'replace' | 'update',
    batch: PlacedBatch,
    newPrimaryKey: string | null,
    firstVersion: bigint,
  ): PlannedPart[] {
    const byNode = shardsByNode(view, index, batch.ids.keys());
    // The task that brings the primary key may yet fail, so until it is there all say which one it is.
    const named = newPrimaryKey ?? (index.primaryKey === null ? index.acceptedPrimaryKey : null);
    const query = named === null ? '' : `?primaryKey=${encodeURIComponent(named)}`;
    const method = mode === 'replace' ? 'POST' : 'PUT';
    const path = `${nodePath(index, '/documents')}${query}`;
    // Every node learns a new primary key, also those that get no document of this batch.
    const nodes = newPrimaryKey === null && !fresh ? byNode.keys() : view.groups().flatMap((g) => view.nodes(g));
    const parts: PlannedPart[] = [];
    for (const nodeId of nodes) {
      const own = byNode.get(nodeId) ?? [];
      if (own.length === 0 && newPrimaryKey === null) continue;
      const body = buildNodeBody(batch, new Set(own), firstVersion);
      parts.push({
        nodeId,
        step: 'documents',
        shards: own.length === 0 ? null : own,
        counts: false,
        request: { method, path, body },
      });
    }
    return parts;
  }

  /** The plan of a deletion in an index that is there; `parts` builds its requests. */
  function planDeletion(
    uid: string,
    details: Record<string, unknown>,
    parts: (index: IndexRecord) => PlannedPart[],
    ids: readonly string[] | null,
    filter: unknown = null,
  ): WritePlan {
    const base = { type: 'documentDeletion', indexUid: uid, details };
    const index = catalog.accepted(uid);
    if (index === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
    const touched =
      ids === null
        ? null
        : idsByShard(
            ids,
            ids.map((id) => shardOf(id, index.shards)),
          );
    return {
      ...base,
      index,
      verdict: null,
      effect: {},
      catalog: deletionRecord(index.id, versionMarker(versions.next()), ids, filter),
      parts: forBothLayouts(catalog, index, parts),
      touched,
    };
  }

  function deletionByIds(index: IndexRecord, ids: readonly string[]): PlannedPart[] {
    const byShard = idsByShard(
      ids,
      ids.map((id) => shardOf(id, index.shards)),
    );
    return [...shardsByNode(view, index, byShard.keys())].flatMap(([nodeId, shards]) =>
      splitByCount(view, index, nodeId, shards).map((part): PlannedPart => {
        const body = JSON.stringify(part.shards.flatMap((shard) => byShard.get(shard) ?? []));
        const path = nodePath(index, '/documents/delete-batch');
        return { nodeId, step: 'delete', ...part, request: { method: 'POST', path, body } };
      }),
    );
  }

  /** Where the documents belong, under the index's layout and, while its shards change, the one to come. */
  async function placements(index: IndexRecord, documents: readonly string[], ids: readonly string[]) {
    const placed = new Map<number, PlacedBatch>();
    for (const layout of [index, catalog.shadowOf(index)]) {
      if (layout !== null) placed.set(layout.shards, await inTurns(placeBatch(documents, ids, layout.shards)));
    }
    return ({ shards }: IndexRecord) => placed.get(shards) ?? atOnce(placeBatch(documents, ids, shards));
  }

  async function planAddition(
    uid: string,
    mode: 'replace' | 'update',
    { documents, format }: ParsedPayload,
    requestedPrimaryKey: string | null,
    caller: Caller,
  ): Promise<WritePlan> {
    const details = { receivedDocuments: documents.length, indexedDocuments: null };
    const base = { type: 'documentAdditionOrUpdate', indexUid: uid, details };
    const prepared = await prepareIndex(options, uid, caller);
    if (prepared === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
    const { index, fresh } = prepared;
    const create = fresh ? ({ createIndex: true } as const) : {};
    const batch = await judgeBatch(prepared, { documents, requestedPrimaryKey, indexUid: uid, mode, format });
    if (!batch.ok) return { ...base, ...prepared, verdict: batch.error, effect: create };
    const newPrimaryKey = batch.primaryKey === index.acceptedPrimaryKey ? null : batch.primaryKey;
    const record = { ...index, acceptedPrimaryKey: batch.primaryKey };
    const placed = await placements(index, documents, batch.ids);
    const firstVersion = versions.next(documents.length);
    return {
      ...base,
      index,
      verdict: null,
      effect: {
        ...create,
        documents: batch.distinctIds,
        ...(newPrimaryKey === null ? {} : { primaryKey: newPrimaryKey }),
      },
      catalog: fresh || newPrimaryKey !== null ? [{ kind: 'putIndex', record }] : [],
      parts: [
        ...prepared.parts,
        ...forBothLayouts(catalog, index, (layout) =>
          documentParts({ ...prepared, index: layout }, mode, placed(layout), newPrimaryKey, firstVersion),
        ),
      ],
      touched: placed(index).ids,
    };
  }

  return {
    // not async, so that nothing keeps the payload while its documents are on their way
    add: (uid, mode, payload, primaryKey, caller) =>
      inTurns(parsePayload(payload)).then((parsed) =>
        acceptance.accept(uid, () => planAddition(uid, mode, parsed, primaryKey, caller)),
      ),
    deleteByIds: (uid, ids) =>
      acceptance.accept(uid, async () =>
        planDeletion(
          uid,
          { providedIds: ids.length, deletedDocuments: null, originalFilter: null },
          (index) => deletionByIds(index, ids),
          ids,
        ),
      ),
    deleteByFilter: (uid, filter) =>
      acceptance.accept(uid, async () =>
        planDeletion(
          uid,
          { providedIds: 0, deletedDocuments: null, originalFilter: JSON.stringify(filter) },
          (index) =>
            filteredParts(
              view,
              index,
              { step: 'delete', path: '/documents/delete', filter, split: splitByCount },
              (cut) => JSON.stringify({ filter: cut }),
            ),
          null,
          filter,
        ),
      ),
    deleteAll: (uid) =>
      acceptance.accept(uid, async () =>
        planDeletion(uid, { deletedDocuments: null }, (index) => deleteAllParts(view, index), null),
      ),
  };
}
