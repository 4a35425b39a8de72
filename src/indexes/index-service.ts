import { ApiError } from '../errors/api-error.ts';
import type { IndexService, WriteAnswer } from '../http/services.ts';
import type { IndexRecord } from '../store/records.ts';
import { type Acceptance, settledPlan, type WritePlan } from '../tasks/acceptance.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import { indexNotFound, indexNotFoundBody } from './errors.ts';
import { newIndex, nodePath, type PrepareOptions, toAllNodes } from './prepare.ts';

/** What the index routes are built from. */
export interface IndexServiceOptions extends PrepareOptions {
  acceptance: Acceptance;
  active: ActiveTasks;
  /** Number of documents of an index, each counted once. */
  countDocuments(index: IndexRecord): Promise<number>;
  /** Milliseconds a change of primary key waits for earlier tasks of the index. */
  quietTimeoutMs: number;
}

/** The object of `GET /indexes/{uid}` as JSON text. */
function indexView(index: IndexRecord): string {
  const { uid, createdAt, updatedAt, primaryKey } = index;
  return JSON.stringify({ uid, createdAt, updatedAt, primaryKey });
}

/** The index routes. */
export function createIndexService(
  options: IndexServiceOptions,
): Pick<IndexService, 'list' | 'get' | 'create' | 'update' | 'delete'> {
  const { catalog, acceptance, active, view } = options;

  /** Whether a new primary key can be set: only while none is set or the index is empty after all earlier tasks. */
  async function primaryKeyConflict(index: IndexRecord, uid: string): Promise<ApiError | null> {
    if (!(await active.drained(uid, options.quietTimeoutMs))) {
      throw new ApiError('miroir_index_busy', `Earlier tasks of index \`${uid}\` have not ended in time.`, {
        headers: { 'retry-after': '10' },
      });
    }
    if ((await options.countDocuments(index)) === 0) return null;
    return new ApiError(
      'index_primary_key_already_exists',
      `Index \`${uid}\`: Index already has a primary key: \`${index.acceptedPrimaryKey}\`.`,
    );
  }

  async function planUpdate(uid: string, primaryKey: string | null): Promise<WritePlan> {
    const base = { type: 'indexUpdate', indexUid: uid, details: { primaryKey } };
    const index = catalog.accepted(uid);
    if (index === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
    if (primaryKey === null || primaryKey === index.acceptedPrimaryKey) {
      return settledPlan({ ...base, index, verdict: null });
    }
    if (index.acceptedPrimaryKey !== null) {
      const conflict = await primaryKeyConflict(index, uid);
      if (conflict !== null) return settledPlan({ ...base, index, verdict: conflict.toBody() });
    }
    const body = JSON.stringify({ primaryKey });
    const current = catalog.byId(index.id) ?? index;
    return {
      ...base,
      index,
      verdict: null,
      effect: { primaryKey },
      catalog: [{ kind: 'putIndex', record: { ...current, acceptedPrimaryKey: primaryKey } }],
      parts: toAllNodes(view, 'primary-key', { method: 'PATCH', path: nodePath(index), body }),
    };
  }

  function planDeletion(uid: string): WritePlan {
    const base = { type: 'indexDeletion', indexUid: uid, details: { deletedDocuments: null } };
    const index = catalog.accepted(uid);
    if (index === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
    return {
      ...base,
      index,
      verdict: null,
      effect: { deleteIndex: true },
      catalog: [{ kind: 'putIndex', record: { ...index, state: 'deleting' } }],
      parts: toAllNodes(view, 'delete-index', { method: 'DELETE', path: nodePath(index) }, true),
    };
  }

  async function planCreation(uid: string, primaryKey: string | null, shards: number | null): Promise<WritePlan> {
    const base = { type: 'indexCreation', indexUid: uid, details: { primaryKey } };
    if (catalog.accepted(uid) !== null) {
      const error = new ApiError('index_already_exists', `Index \`${uid}\` already exists.`);
      return settledPlan({ ...base, verdict: error.toBody() });
    }
    const prepared = await newIndex(options, uid, primaryKey, shards);
    const effect = primaryKey === null ? {} : { primaryKey };
    return { ...base, ...prepared, verdict: null, effect: { createIndex: true, ...effect } };
  }

  return {
    async list(offset, limit, caller) {
      const all = catalog.listVisible().filter((index) => caller.allowsIndex(index.uid));
      const results = all
        .slice(offset, offset + limit)
        .map(indexView)
        .join(',');
      return `{"results":[${results}],"offset":${offset},"limit":${limit},"total":${all.length}}`;
    },
    async get(uid) {
      const index = catalog.visible(uid);
      if (index === null) throw indexNotFound(uid);
      return indexView(index);
    },
    create: (uid, primaryKey, shards): Promise<WriteAnswer> =>
      acceptance.accept(uid, () => planCreation(uid, primaryKey, shards)),
    async update(uid, primaryKey, newUid) {
      if (newUid !== null && newUid !== uid) {
        throw new ApiError('miroir_not_supported', 'Renaming an index is not offered yet; create a new one instead.');
      }
      return acceptance.accept(uid, () => planUpdate(uid, primaryKey));
    },
    delete: (uid) => acceptance.accept(uid, async () => planDeletion(uid)),
  };
}
