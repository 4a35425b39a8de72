import type { WriteAnswer } from '../http/services.ts';
import type { Catalog } from '../indexes/catalog.ts';
import { isStreamed, type NodeRequest } from '../nodes/client.ts';
import type { TaskRecord } from '../store/records.ts';
import type { NewPart, NewTask, StoreChange } from '../store/store.ts';
import type { WritePlan } from './acceptance.ts';

/** Requests larger than this are not kept in the store while they are under way. */
const keptRequestBytes = 64 * 1024;

function keepable(request: NodeRequest): string | null {
  const { body = '' } = request;
  if (isStreamed(body) || Buffer.byteLength(body) > keptRequestBytes) return null;
  return JSON.stringify({ ...request, body: request.body?.toString() });
}

/** The records of a plan, as the store takes them; `session` is the client's, if it named one. */
export function newTask(plan: WritePlan, now: string, session: string | null): { task: NewTask; parts: NewPart[] } {
  const effect = session === null ? plan.effect : { ...plan.effect, session };
  const task: NewTask = {
    type: plan.type,
    indexUid: plan.indexUid,
    indexId: plan.index?.id ?? null,
    status: 'enqueued',
    phase: 'sending',
    details: plan.details === null ? null : JSON.stringify(plan.details),
    error: null,
    verdict: plan.verdict === null ? null : JSON.stringify(plan.verdict),
    effect: JSON.stringify(effect),
    canceledBy: null,
    enqueuedAt: now,
    startedAt: null,
    finishedAt: null,
  };
  const parts = plan.parts.map(
    (part, position): NewPart => ({
      part: position,
      nodeId: part.nodeId,
      shadowId: part.shadowId ?? null,
      step: part.step,
      shards: part.shards === null ? null : JSON.stringify(part.shards),
      counts: part.counts,
      nodeTaskUid: null,
      nodeEnqueuedAt: null,
      request: keepable(part.request),
      status: 'sending',
      details: null,
      error: null,
      startedAt: null,
      finishedAt: null,
    }),
  );
  return { task, parts };
}

/** The generations of indexes that a plan writes to the catalog, or whose nodes it writes to. */
function generationsOf(plan: Pick<WritePlan, 'index' | 'catalog'>): number[] {
  const changed = plan.catalog.flatMap((change) => (change.kind === 'putIndex' ? [change.record.id] : []));
  return plan.index === null ? changed : [plan.index.id, ...changed];
}

/** Keys under which a plan is registered. */
export const lockKeys = (plan: Pick<WritePlan, 'index' | 'catalog'>): string[] => generationsOf(plan).map(String);

/** Whether an index that the plan is about has gone since it was decided. */
export function isGone(plan: WritePlan, catalog: Pick<Catalog, 'byId'>): boolean {
  return !plan.effect.createIndex && generationsOf(plan).some((id) => catalog.byId(id) === null);
}

/**
 * A change that a plan makes, on top of what ended tasks have changed since the plan was decided: plans change only what
 * accepted writes go by.
 */
export function rebased(change: StoreChange, catalog: Pick<Catalog, 'byId'>): StoreChange {
  const current = change.kind === 'putIndex' ? catalog.byId(change.record.id) : null;
  if (change.kind !== 'putIndex' || current === null) return change;
  const { acceptedUid, acceptedPrimaryKey, state } = change.record;
  const record = { ...current, acceptedUid, acceptedPrimaryKey };
  return { kind: 'putIndex', record: state === 'deleting' ? { ...record, state } : record };
}

/** The 202 body of a task. */
export function summarise(
  record: Pick<TaskRecord, 'uid' | 'indexUid' | 'type' | 'enqueuedAt'>,
): WriteAnswer['summary'] {
  const { uid, indexUid, type, enqueuedAt } = record;
  return { taskUid: uid, indexUid, status: 'enqueued', type, enqueuedAt };
}
