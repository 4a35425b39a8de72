import { NodeError } from '../nodes/client.ts';
import type { Timing } from '../nodes/timing.ts';
import type { PartRecord } from '../store/records.ts';
import { type NodeTaskHead, nodeTasksAfter } from './node-tasks.ts';
import type { AskedNode } from './patience.ts';

/**
 * Milliseconds before each look at a node's tasks. A request whose connection is gone may still be worked on by the node,
 * or lie unread in its socket, so one look that finds nothing is not enough.
 */
const pauses = [0, 250, 1_000];

/** The kinds of node task that the steps of Miroir's tasks become. A step that is not listed may become any. */
const taskTypes: Readonly<Record<string, readonly string[]>> = {
  create: ['indexCreation', 'settingsUpdate'],
  settings: ['settingsUpdate'],
  rollback: ['settingsUpdate'],
  documents: ['documentAdditionOrUpdate'],
  delete: ['documentDeletion'],
  'delete-all': ['documentDeletion'],
  edit: ['documentEdition'],
  'primary-key': ['indexUpdate'],
  'delete-index': ['indexDeletion'],
};

/** Whether a node's task can be what a step asked for. */
export function canBe(step: string, task: Pick<NodeTaskHead, 'type'>): boolean {
  return taskTypes[step]?.includes(task.type) ?? true;
}

/**
 * A node's tasks of one index above `after`, looked for several times until `enough` says that all expected ones are
 * there. Null when the node cannot tell.
 */
export async function lookForTasks(
  client: AskedNode,
  physicalUid: string,
  after: number,
  timing: Timing,
  enough: (found: readonly NodeTaskHead[]) => boolean,
): Promise<NodeTaskHead[] | null> {
  let found: NodeTaskHead[] = [];
  for (const pause of pauses) {
    if (pause > 0) await timing.sleep(pause);
    try {
      found = await nodeTasksAfter(client, physicalUid, after);
    } catch (error) {
      if (error instanceof NodeError) return null;
      throw error;
    }
    if (enough(found)) break;
  }
  return found;
}

/**
 * Which of a node's tasks are which parts. Requests to one node and index go out one after the other, and none follows one
 * that was not taken before that is recorded, so the tasks that no record knows belong to the first parts that are still
 * marked as being sent, in order. Null when some tasks cannot be any of these: somebody else writes to the node.
 */
export function matchInOrder(
  parts: readonly Pick<PartRecord, 'step'>[],
  tasks: readonly NodeTaskHead[],
): number[] | null {
  const fits = tasks.length <= parts.length && tasks.every((task, i) => canBe(parts[i]!.step, task));
  return fits ? tasks.map((task) => task.uid) : null;
}
