import type { DocumentWriteService } from '../http/services.ts';
import { indexNotFoundBody } from '../indexes/errors.ts';
import { forBothLayouts, nodePath, type PreparedIndex, type PrepareOptions, prepareIndex } from '../indexes/prepare.ts';
import { shardOf } from '../placement/hash.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import { type Acceptance, type PlannedPart, settledPlan, type WritePlan } from '../tasks/acceptance.ts';
import { deleteAllParts } from './delete-all.ts';
import { deletionRecord } from './deletion-record.ts';
import type { BatchJudge } from './judge-batch.ts';
import { type VersionClock, versionMarker } from './markers.ts';
import { buildNodeBody, type StampedBatch } from './node-body.ts';
import { parsePayload } from './payload.ts';
import { filteredParts, idsByShard, shardsByNode, splitByCount } from './shard-parts.ts';

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
    batch: StampedBatch,
    newPrimaryKey: string | null,
  ): PlannedPart[] {
    const byNode = shardsByNode(view, index, new Set(batch.shards));
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
      const body = buildNodeBody(batch, new Set(own));
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

  return {
    // not async, so that nothing keeps the payload while its documents are on their way
    add(uid, mode, payload, requestedPrimaryKey, caller) {
      const { documents, format } = parsePayload(payload);
      return acceptance.accept(uid, async (): Promise<WritePlan> => {
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
        const shards = batch.ids.map((id) => shardOf(id, index.shards));
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
            ...forBothLayouts(catalog, index, (layout) => {
              const own = layout === index ? shards : batch.ids.map((id) => shardOf(id, layout.shards));
              const stamped = { documents, shards: own, firstVersion };
              return documentParts({ ...prepared, index: layout }, mode, stamped, newPrimaryKey);
            }),
          ],
          touched: idsByShard(batch.ids, shards),
        };
      });
    },
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
