import { ApiError } from '../errors/api-error.ts';
import type { OperationAnswer, OperationOptions, OperationsService } from '../http/services.ts';
import type { NodeClient } from '../nodes/client.ts';
import { probe } from '../nodes/probe.ts';
import type { AdminPlan, AdminRebalance } from '../placement/admin-types.ts';
import type { NewNode } from '../placement/node-names.ts';
import type { Topology } from '../placement/topology.ts';
import type { TopologyRecord } from '../store/records.ts';
import type { TopologyChange } from './change.ts';
import type { Rebalance } from './service.ts';
import type { Transition } from './transition.ts';

/** What the operations are built from. */
export interface OperationsOptions {
  rebalance: Rebalance;
  topology: Topology;
  /** A client of a node that is not part of the cluster yet; to be closed by the caller. */
  connect(node: { id: string; address: string }): NodeClient;
  probeTimeoutMs: number;
  plan(after: TopologyRecord, transition: Transition): Promise<AdminPlan>;
  status(): AdminRebalance;
}

/** Builds the operations. */
export function createOperations(options: OperationsOptions): OperationsService {
  const { rebalance, topology } = options;

  async function checkNode(node: { id: string; address: string }): Promise<void> {
    const client = options.connect(node);
    try {
      const found = await probe(client, options.probeTimeoutMs, true);
      if ('error' in found) throw new ApiError('miroir_node_unusable', `${found.error} (${node.address}).`);
    } finally {
      await client.close();
    }
  }

  async function run(
    changes: readonly TopologyChange[],
    { force, dryRun }: OperationOptions,
  ): Promise<OperationAnswer> {
    if (dryRun) {
      const { after, transition } = rebalance.preview(changes, force);
      return { plan: await options.plan(after, transition) };
    }
    await rebalance.change(changes, force);
    return { rebalance: options.status() };
  }

  /** A change that brings nodes in: it has to make sense before anybody is asked whether they answer. */
  async function bring(nodes: readonly NewNode[], changes: readonly TopologyChange[], flags: OperationOptions) {
    rebalance.preview(changes, flags.force);
    if (!flags.dryRun) await Promise.all(nodes.map(checkNode));
    return run(changes, flags);
  }

  function groupOf(id: string): number {
    const node = topology.node(id);
    if (node === undefined) throw new ApiError('miroir_node_not_found', `Node \`${id}\` is not part of the cluster.`);
    return node.group;
  }

  return {
    addNodes: (nodes, flags) => bring(nodes, [{ kind: 'add', nodes }], flags),
    async addGroup(nodes, wanted, flags) {
      const taken = topology.groups();
      const group = wanted ?? Math.max(-1, ...taken) + 1;
      if (taken.includes(group)) throw new ApiError('miroir_invalid_topology', `There is already a group ${group}.`);
      const members = nodes.map((node) => ({ ...node, group }));
      return bring(members, [{ kind: 'add', nodes: members }], flags);
    },
    drain: (node, flags) => run([{ kind: 'drain', nodes: [node], remove: false }], flags),
    activate: (node, flags) => run([{ kind: 'activate', nodes: [node] }], flags),
    remove: (node, flags) =>
      run([flags.force ? { kind: 'forget', nodes: [node] } : { kind: 'drain', nodes: [node], remove: true }], flags),
    async removeGroup(group, flags) {
      const nodes = [...topology.nodes(group)];
      if (nodes.length === 0) throw new ApiError('miroir_invalid_topology', `There is no group ${group}.`);
      return run([{ kind: 'forget', nodes }], flags);
    },
    async replace(node, by, flags) {
      const member = { ...by, group: groupOf(node) };
      return bring([member], [{ kind: 'replace', node, by }], flags);
    },
    replicationFactor: (value, flags) => run([{ kind: 'replicationFactor', value }], flags),
    async steer(action) {
      await rebalance[action]();
      return { rebalance: options.status() };
    },
    status: options.status,
  };
}
