import { deleteIndexParts } from '../documents/delete-all.ts';
import { ApiError } from '../errors/api-error.ts';
import type { IndexService, WriteAnswer } from '../http/services.ts';
import type { ClusterView } from '../placement/view.ts';
import type { IndexRecord } from '../store/records.ts';
import { type Acceptance, settledPlan, type WritePlan } from '../tasks/acceptance.ts';
import { type ActiveTasks, globalQueue } from '../tasks/active.ts';
import { indexNotFound, indexNotFoundBody } from './errors.ts';
import { forBothLayouts, newIndex, nodePath, type PrepareOptions, toAllNodes } from './prepare.ts';
import { planSwap } from './swap.ts';

/** What the index routes are built from. */
export interface IndexServiceOptions extends Omit<PrepareOptions, 'view'> {
  view: ClusterView;
  acceptance: Acceptance;
  active: ActiveTasks;
  /** Number of documents of an index, each counted once. */
  countDocuments(index: IndexRecord): Promise<number>;
  /** Milliseconds a change of primary key waits for earlier tasks of the index. */
  quietTimeoutMs: number;
}

/** The object of `GET /indexes/{uid}` as JSON text. */
export function indexView(index: IndexRecord): string {
  const { uid, createdAt, updatedAt, primaryKey } = index;
  return JSON.stringify({ uid, createdAt, updatedAt, primaryKey });
}

function indexExists(uid: string): ApiError {
  return new ApiError('index_already_exists', `Index \`${uid}\` already exists.`);
}

/** The same plan, after whose success the index has another name. */
function withName(plan: WritePlan, index: IndexRecord, from: string, to: string | null): WritePlan {
  if (to === null || to === from || plan.verdict !== null) return plan;
  const earlier = plan.catalog.findLast((change) => change.kind === 'putIndex');
  const record = { ...(earlier?.record ?? index), acceptedUid: to };
  return {
    ...plan,
    effect: { ...plan.effect, names: [{ id: index.id, from, to }] },
    catalog: [{ kind: 'putIndex', record }],
  };
}

/** The index routes. */
export function createIndexService(
  options: IndexServiceOptions,
): Pick<IndexService, 'list' | 'get' | 'create' | 'update' | 'delete' | 'swap'> {
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

  async function planUpdate(uid: string, primaryKey: string | null, newUid: string | null): Promise<WritePlan> {
    const details = newUid === null ? { primaryKey } : { primaryKey, oldIndexUid: uid, newIndexUid: newUid };
    const base = { type: 'indexUpdate', indexUid: uid, details };
    const index = catalog.accepted(uid);
    if (index === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
    if (newUid !== null && newUid !== uid && catalog.accepted(newUid) !== null) {
      return settledPlan({ ...base, verdict: indexExists(newUid).toBody() });
    }
    return withName(await planPrimaryKey(base, index, primaryKey), index, uid, newUid);
  }

  async function planPrimaryKey(
    base: Pick<WritePlan, 'type' | 'details'> & { indexUid: string },
    index: IndexRecord,
    primaryKey: string | null,
  ): Promise<WritePlan> {
    const uid = base.indexUid;
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
      parts: forBothLayouts(catalog, index, (layout) =>
        toAllNodes(view, 'primary-key', { method: 'PATCH', path: nodePath(layout), body }),
      ),
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
      parts: forBothLayouts(catalog, index, (layout) => deleteIndexParts(view, layout)),
    };
  }

  async function planCreation(uid: string, primaryKey: string | null, shards: number | null): Promise<WritePlan> {
    const base = { type: 'indexCreation', indexUid: uid, details: { primaryKey } };
    if (catalog.accepted(uid) !== null) return settledPlan({ ...base, verdict: indexExists(uid).toBody() });
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
    update: (uid, primaryKey, newUid) =>
      acceptance.accept([uid, newUid ?? uid], () => planUpdate(uid, primaryKey, newUid)),
    swap: (swaps) =>
      acceptance.accept(swaps.length === 0 ? globalQueue : swaps.flatMap((swap) => swap.indexes), async () =>
        planSwap(catalog, swaps),
      ),
    delete: (uid) => acceptance.accept(uid, async () => planDeletion(uid)),
  };
}
