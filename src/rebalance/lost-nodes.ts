import type { TopologyRecord } from '../store/records.ts';
import type { TopologyChange } from './change.ts';

/** What is known about a node's absence. */
export interface Absence {
  up: boolean;
  /** Milliseconds since the epoch at which the node's present state began; null when unknown. */
  since: number | null;
}

/**
 * Nodes that have been away for `restoreAfterMs` are given up, if the others of their group can hold all copies; nodes that
 * were given up and are back are used again. One node of a group at a time, so that a network that fails does not move everything.
 */
export function changesForLostNodes(
  record: TopologyRecord,
  absence: (nodeId: string) => Absence,
  now: number,
  restoreAfterMs: number,
): TopologyChange[] {
  const returned = record.nodes.filter((node) => node.state === 'lost' && absence(node.id).up).map((node) => node.id);
  if (returned.length > 0) return [{ kind: 'activate', nodes: returned }];
  const groups = new Set(record.nodes.map((node) => node.group));
  return [...groups].flatMap((group): TopologyChange[] => {
    const members = record.nodes.filter((node) => node.group === group);
    const active = members.filter((node) => node.state === 'active');
    if (active.length <= record.replicationFactor || members.some((node) => node.state === 'lost')) return [];
    const overdue = active.find(({ id }) => {
      const { up, since } = absence(id);
      return !up && since !== null && now - since >= restoreAfterMs;
    });
    return overdue === undefined ? [] : [{ kind: 'lose', node: overdue.id }];
  });
}
