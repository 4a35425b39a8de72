import type { ErrorBody } from '../errors/api-error.ts';
import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import type { PlannedPart } from './acceptance.ts';
import type { ActiveTask } from './active.ts';
import type { ClusterState } from './cluster-state.ts';
import { hasCreated, type Recreate } from './succession.ts';

/** What ending a settings task needs from the settings domain. */
export interface SettingsCommit {
  /**
   * Read the settings back from the nodes and make the committed record; an error when the nodes disagree. `later` are the
   * changes accepted after this one, which each node works off in its own time and may have already.
   */
  commit(
    index: IndexRecord,
    patch: Record<string, unknown>,
    later: readonly Record<string, unknown>[],
  ): Promise<{ record: IndexRecord } | { error: ErrorBody }>;
  /**
   * The requests that bring every node of the index back to the committed settings; `patch` is what was tried, `later` are
   * the changes accepted after it, which stand.
   */
  restore(index: IndexRecord, patch: Record<string, unknown>, later: readonly Record<string, unknown>[]): PlannedPart[];
  /** What makes a node's index new again after its creation failed. */
  recreate: Recreate;
}

/** How a task ended, as far as the catalog is concerned. */
export interface Outcome {
  /** Whether the parts did what they were sent for; a task can fail although they did. */
  partsSucceeded: boolean;
  succeeded: boolean;
  /** RFC 3339. */
  finishedAt: string;
}

/**
 * What the end of a task changes in the catalog. `index` is the record as it is now, `settings` what was read back from the
 * nodes when the task changed settings.
 */
export function catalogChanges(
  task: ActiveTask,
  index: IndexRecord,
  { partsSucceeded, succeeded, finishedAt }: Outcome,
  settings: Pick<IndexRecord, 'settings' | 'settingsVersion'> | null,
): StoreChange[] {
  const { effect } = task;
  if (effect.createIndex && !hasCreated(task, partsSucceeded)) return [{ kind: 'deleteIndex', id: index.id }];
  if (effect.deleteIndex) {
    if (succeeded) return [{ kind: 'deleteIndex', id: index.id }];
    return [{ kind: 'putIndex', record: { ...index, state: 'active' } }];
  }
  let record = index;
  if (effect.createIndex) {
    // its deletion may have been accepted already
    const state = record.state === 'creating' ? 'active' : record.state;
    record = { ...record, state, createdAt: finishedAt, updatedAt: finishedAt };
  }
  if (settings !== null) {
    record = { ...record, settings: settings.settings, settingsVersion: settings.settingsVersion };
  }
  // the nodes may have done it before they made up for a creation that failed
  if (succeeded && finishedAt > record.updatedAt) record = { ...record, updatedAt: finishedAt };
  if (succeeded && effect.primaryKey !== undefined) record = { ...record, primaryKey: effect.primaryKey };
  if (!succeeded && effect.primaryKey !== undefined) record = { ...record, acceptedPrimaryKey: record.primaryKey };
  return record === index ? [] : [{ kind: 'putIndex', record }];
}

/**
 * A swap or rename that has succeeded: readers see the new names at once, and older tasks follow their index. `before` are
 * the task's other changes, which go first.
 */
export function nameChanges(task: ActiveTask, state: ClusterState, before: readonly StoreChange[]): StoreChange[] {
  const { names } = task.effect;
  if (names === undefined) return [];
  const changed = new Map(
    before.flatMap((change) => (change.kind === 'putIndex' ? [[change.record.id, change.record]] : [])),
  );
  const renamed = names.flatMap(({ id, to }): StoreChange[] => {
    const record = changed.get(id) ?? state.catalog.byId(id);
    return record === null ? [] : [{ kind: 'putIndex', record: { ...record, uid: to } }];
  });
  return [...renamed, { kind: 'renameTasks', below: task.record.uid, names }];
}
