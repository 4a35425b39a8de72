import { ApiError } from '../errors/api-error.ts';
import type { NewNode } from '../placement/node-names.ts';
import type { ConfigurationEdits } from '../placement/seed.ts';
import type { NodeRecord, NodeState, TopologyRecord } from '../store/records.ts';

/** What operators (and Miroir itself, for nodes that are lost and return) ask for. */
export type TopologyChange =
  | { kind: 'add'; nodes: readonly NewNode[] }
  /** Hand the copies of nodes over to others; with `remove` the nodes leave the cluster afterwards. */
  | { kind: 'drain'; nodes: readonly string[]; remove: boolean }
  /** Take nodes out at once, whatever they hold. */
  | { kind: 'forget'; nodes: readonly string[] }
  /** A new node takes the place of another, which leaves once it has handed over its copies. */
  | { kind: 'replace'; node: string; by: Omit<NewNode, 'group'> }
  /** Use a drained or lost node again. */
  | { kind: 'activate'; nodes: readonly string[] }
  /** Let others take over the shards of a node that has been away for long. */
  | { kind: 'lose'; node: string }
  | { kind: 'replicationFactor'; value: number }
  /** Put the configured addresses of nodes that stay. */
  | { kind: 'addresses'; addresses: ReadonlyMap<string, string> };

function refuse(message: string): never {
  throw new ApiError('miroir_invalid_topology', message);
}

function find(record: TopologyRecord, id: string): NodeRecord {
  const node = record.nodes.find((candidate) => candidate.id === id);
  if (node === undefined) throw new ApiError('miroir_node_not_found', `Node \`${id}\` is not part of the cluster.`);
  return node;
}

function withState(record: TopologyRecord, ids: readonly string[], state: NodeState): TopologyRecord {
  for (const id of ids) find(record, id);
  return { ...record, nodes: record.nodes.map((node) => (ids.includes(node.id) ? { ...node, state } : node)) };
}

function add(record: TopologyRecord, nodes: readonly NewNode[]): TopologyRecord {
  let next = record;
  for (const node of nodes) {
    if (record.retired.includes(node.id)) {
      refuse(`Node id \`${node.id}\` was used before. Ids are never reused; choose another.`);
    }
    if (next.nodes.some((other) => other.id === node.id)) refuse(`There is already a node \`${node.id}\`.`);
    const same = next.nodes.find((other) => other.address === node.address);
    if (same !== undefined) refuse(`Node \`${same.id}\` has the address \`${node.address}\` already.`);
    next = { ...next, nodes: [...next.nodes, { ...node, slot: node.id, state: 'active' }] };
  }
  return next;
}

function forget(record: TopologyRecord, ids: readonly string[]): TopologyRecord {
  for (const id of ids) find(record, id);
  const nodes = record.nodes.filter((node) => !ids.includes(node.id));
  if (nodes.length === 0) refuse('The last node cannot be taken out.');
  return { ...record, nodes, retired: [...record.retired, ...ids] };
}

/** A node whose place was taken meanwhile gets one of its own. */
function activate(record: TopologyRecord, ids: readonly string[]): TopologyRecord {
  const others = record.nodes.filter((node) => node.state === 'active' && !ids.includes(node.id));
  const taken = new Set(others.map((node) => node.slot));
  const { nodes, ...rest } = withState(record, ids, 'active');
  const settle = (node: NodeRecord) =>
    ids.includes(node.id) && taken.has(node.slot) ? { ...node, slot: node.id } : node;
  return { ...rest, nodes: nodes.map(settle) };
}

/** The topology after a change. Throws `miroir_invalid_topology` or `miroir_node_not_found` when the change makes no sense. */
export function changeTopology(record: TopologyRecord, change: TopologyChange): TopologyRecord {
  const next = apply(record, change);
  return { ...next, version: record.version + 1 };
}

function apply(record: TopologyRecord, change: TopologyChange): TopologyRecord {
  switch (change.kind) {
    case 'add':
      return add(record, change.nodes);
    case 'drain':
      return withState(record, change.nodes, change.remove ? 'removing' : 'draining');
    case 'forget':
      return forget(record, change.nodes);
    case 'replace': {
      const { group, slot } = find(record, change.node);
      const joined = withState(add(record, [{ ...change.by, group }]), [change.node], 'removing');
      return { ...joined, nodes: joined.nodes.map((node) => (node.id === change.by.id ? { ...node, slot } : node)) };
    }
    case 'activate':
      return activate(record, change.nodes);
    case 'lose':
      return withState(record, [change.node], 'lost');
    case 'replicationFactor':
      return { ...record, replicationFactor: change.value };
    case 'addresses': {
      const nodes = record.nodes.map((node) => ({ ...node, address: change.addresses.get(node.id) ?? node.address }));
      return { ...record, nodes };
    }
  }
}

/** The changes that an edited configuration asks for: nodes that are named no more leave once they have handed over. */
export function editedTopology(edits: ConfigurationEdits): TopologyChange[] {
  const changes: TopologyChange[] = [];
  if (edits.added.length > 0) changes.push({ kind: 'add', nodes: edits.added });
  if (edits.removed.length > 0) changes.push({ kind: 'drain', nodes: edits.removed, remove: true });
  if (edits.replicationFactor !== null) changes.push({ kind: 'replicationFactor', value: edits.replicationFactor });
  return changes;
}

const activeNodes = (record: TopologyRecord, group: number) =>
  record.nodes.filter((node) => node.group === group && node.state === 'active').length;

/**
 * Groups, of those that keep nodes, in which fewer copies of each shard would fit than are wanted: all of them when more are asked
 * for than before, otherwise as many as fitted before. A new group may come node by node.
 */
export function groupsWithoutRoom(before: TopologyRecord, after: TopologyRecord): number[] {
  const groups = [...new Set(after.nodes.map((node) => node.group))];
  const more = after.replicationFactor > before.replicationFactor;
  return groups.filter((group) => {
    const known = before.nodes.some((node) => node.group === group);
    const fitted = known ? Math.max(1, activeNodes(before, group)) : 1;
    const wanted = known && more ? after.replicationFactor : Math.min(after.replicationFactor, fitted);
    return activeNodes(after, group) < wanted;
  });
}
