import type { NodeRequest } from '../nodes/client.ts';
import type { IndexRecord, PartRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActiveTask, ActiveTasks } from './active.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Effect } from './effect.ts';

/** A task that gets more to do, as it will be. */
interface Successor {
  task: ActiveTask;
  effect: Effect;
}

/** Who takes over from a task that did not create its index. */
export interface Succession {
  /** The task that now creates the index; first of `successors`. */
  heir: ActiveTask;
  successors: Successor[];
  /** Parts that it gets: the creation as far as nodes have done it, and what is to be sent again. */
  parts: PartRecord[];
  /** The requests of those of `parts` that are to be sent, in their order. */
  requests: NodeRequest[];
}

const isCreation = (part: PartRecord): boolean => part.step === 'create';
const isGood = ({ status }: PartRecord): boolean =>
  status === 'succeeded' || status === 'enqueued' || status === 'processing';
/** Whether one Meilisearch would create the index for this task, were it missing. */
const canCreate = ({ effect }: ActiveTask): boolean => effect.documents !== undefined || effect.settings !== undefined;

/** Whether a task has brought the index into being that it was to create. */
export function hasCreated(task: ActiveTask, partsSucceeded: boolean): boolean {
  return partsSucceeded && task.parts.some(isCreation);
}

/** A request that makes a node's index what it was to be, and its `PartRecord.step`. */
export interface CreationStep {
  step: 'create' | 'documents';
  request: NodeRequest;
}

/**
 * What makes one node's index what it was to be, whatever it is now. `tried` are the settings of the task that failed,
 * `later` accepted changes of settings, which stand.
 */
export type Recreate = (
  index: IndexRecord,
  tried: Record<string, unknown>,
  later: readonly Record<string, unknown>[],
) => CreationStep[];

/**
 * The creation of an index failed, or was cancelled, after other tasks had been accepted into it. One Meilisearch would let
 * the next addition or settings change create the index; so the first of those becomes the one that creates it, with
 * everything that nodes have not done of the creation as parts of its own. Where none of them can create it, the next one
 * only keeps the generation until it has ended. Null when nothing was accepted into it.
 */
export function succession(
  task: ActiveTask,
  index: IndexRecord,
  active: Pick<ActiveTasks, 'all'>,
  { view }: Pick<ClusterState, 'view'>,
  recreate: Recreate,
): Succession | null {
  const later = [...active.all()].filter(
    ({ record, parts }) => record.indexId === index.id && record.uid > task.record.uid && parts.length > 0,
  );
  const heir = later.find(canCreate) ?? later[0];
  if (heir === undefined) return null;
  const successors: Successor[] = [{ task: heir, effect: { ...heir.effect, createIndex: true } }];
  // the next addition was judged, and sent, with the primary key of this one
  const { primaryKey } = task.effect;
  const addition = later.find(({ effect }) => effect.documents !== undefined);
  if (addition !== undefined && primaryKey !== undefined) {
    const before = addition === heir ? successors.pop()!.effect : addition.effect;
    successors.push({ task: addition, effect: { ...before, primaryKey } });
  }
  // what an accepted deletion will delete, or what nobody fills, is not created again
  if (!canCreate(heir) || later.some(({ effect }) => effect.deleteIndex)) {
    return { heir, successors, parts: [], requests: [] };
  }

  const changes = later.flatMap(({ effect }) => (effect.settings === undefined ? [] : [effect.settings]));
  const steps = recreate(index, task.effect.settings ?? {}, changes);
  const parts: PartRecord[] = [];
  const sent: NodeRequest[] = [];
  const first = Math.max(...heir.parts.map(({ part }) => part)) + 1;
  const add = (part: Omit<PartRecord, 'part' | 'taskUid'>) =>
    parts.push({ ...part, taskUid: heir.record.uid, part: first + parts.length });
  for (const nodeId of view.groups().flatMap((group) => [...view.nodes(group)])) {
    const own = task.parts.filter((part) => part.nodeId === nodeId);
    const creation = own.filter(isCreation);
    // settings that fail with their task must go where they were taken
    if (creation.length > 0 && own.every(isGood) && task.effect.settings === undefined) {
      for (const part of creation) add(part.status === 'succeeded' ? { ...part, nodeTaskUid: null } : part);
      continue;
    }
    for (const step of steps) {
      add(newPart(nodeId, step));
      sent.push(step.request);
    }
  }
  return { heir, successors, parts, requests: sent };
}

function newPart(nodeId: string, { step, request }: CreationStep): Omit<PartRecord, 'part' | 'taskUid'> {
  return {
    nodeId,
    shadowId: null,
    step,
    shards: null,
    counts: false,
    nodeTaskUid: null,
    nodeEnqueuedAt: null,
    request: JSON.stringify(request),
    status: 'sending',
    details: null,
    error: null,
    startedAt: null,
    finishedAt: null,
  };
}

/** What a succession changes in the store; to be committed together with the end of the task that failed. */
export function successionChanges({ successors, parts }: Succession, index: IndexRecord): StoreChange[] {
  const keeps = successors.some(({ effect }) => effect.primaryKey !== undefined);
  return [
    ...(keeps ? [] : [{ kind: 'putIndex', record: { ...index, acceptedPrimaryKey: index.primaryKey } } as const]),
    ...successors.map(({ task, effect }): StoreChange => {
      return { kind: 'putTask', record: { ...task.record, effect: JSON.stringify(effect) } };
    }),
    ...parts.map((record): StoreChange => ({ kind: 'putPart', record })),
  ];
}

/** Does in memory what `successionChanges` did in the store. */
export function applySuccession({ heir, successors, parts }: Succession): void {
  for (const { task, effect } of successors) {
    task.effect = effect;
    task.record = { ...task.record, effect: JSON.stringify(effect) };
  }
  heir.parts = [...heir.parts, ...parts];
}
