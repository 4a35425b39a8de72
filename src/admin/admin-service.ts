import { ApiError } from '../errors/api-error.ts';
import type { AdminService } from '../http/services.ts';
import type { Catalog } from '../indexes/catalog.ts';
import type { Health } from '../nodes/health.ts';
import type { ReplicaSelection } from '../nodes/replica-selection.ts';
import type {
  AdminNode,
  AdminReady,
  AdminRepair,
  AdminShards,
  AdminTask,
  AdminTopology,
  AdminVerification,
} from '../placement/admin-types.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { Topology } from '../placement/topology.ts';
import type { ClusterView } from '../placement/view.ts';
import type { Capacities, NodeCapacity } from '../rebalance/capacity.ts';
import type { RepairStatus } from '../repair/scheduler.ts';
import type { Verifier } from '../repair/verifier.ts';
import type { NodeRecord, TopologyRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import { taskView } from '../tasks/view.ts';
import { coverageOf, shardCopies } from './coverage.ts';

/** What the admin routes are built from. */
export interface AdminOptions {
  store: Store;
  topology: Topology;
  capacities: Pick<Capacities, 'read'>;
  catalog: Catalog;
  copies: CopyStates;
  view: ClusterView;
  health: Pick<Health, 'describe' | 'up' | 'suspect'>;
  selection: Pick<ReplicaSelection, 'avoids'>;
  active: ActiveTasks;
  /** Whether a node answers but is not used yet. */
  recovering(nodeId: string): boolean;
  repairs(): readonly RepairStatus[];
  verifier: Pick<Verifier, 'verify' | 'report'>;
}

/** The admin API's answers: what the cluster looks like to Miroir at this moment. */
export function createAdminService(options: AdminOptions): AdminService {
  const { topology, catalog, copies, view, health } = options;
  const nodes = () => topology.record().nodes;

  function shardCount(node: NodeRecord): number {
    let count = 0;
    for (const index of catalog.all()) {
      for (let shard = 0; shard < index.shards; shard++) {
        if (view.copies(index, node.group, shard).includes(node.id)) count++;
      }
    }
    return count;
  }

  function repairOf(indexId: number, nodeId: string): AdminRepair | null {
    const found = options.repairs().find((repair) => repair.indexId === indexId && repair.nodeId === nodeId);
    if (found === undefined) return null;
    const { phase, compared, total, copied, deleted, lastError } = found;
    return { phase, compared, total, copied, deleted, lastError };
  }

  function stateOf(nodeId: string): AdminNode['state'] {
    if (options.recovering(nodeId)) return 'recovering';
    if (health.up(nodeId) && !health.suspect(nodeId)) return 'up';
    return health.suspect(nodeId) ? 'suspect' : 'down';
  }

  function nodeView(node: NodeRecord, held: NodeCapacity | undefined): AdminNode {
    const known = health.describe(node.id);
    const used = health.up(node.id) && !health.suspect(node.id);
    const lastError = known?.lastError ?? null;
    const staleCopies = copies
      .stale()
      .filter((mark) => mark.nodeId === node.id && catalog.byId(mark.indexId)?.state !== 'shadow')
      .map((mark) => ({
        index: catalog.byId(mark.indexId)?.uid ?? String(mark.indexId),
        shard: mark.shard,
        since: mark.since,
        reason: mark.reason,
        repair: repairOf(mark.indexId, node.id),
      }));
    return {
      id: node.id,
      address: node.address,
      state: stateOf(node.id),
      reason: used ? null : lastError,
      until: known?.until ?? null,
      avoided: options.selection.avoids(node.id),
      since: known?.since ?? null,
      lastError,
      version: known?.version ?? null,
      role: node.state,
      shards: shardCount(node),
      documents: held?.documents ?? null,
      bytes: held?.bytes ?? null,
      staleCopies,
    };
  }

  return {
    async topology(): Promise<AdminTopology> {
      const held = await options.capacities.read();
      const { version, replicationFactor } = topology.record();
      const groups = view.groups().map((group) => ({
        group,
        nodes: nodes()
          .filter((node) => node.group === group)
          .map((node) => nodeView(node, held.get(node.id))),
      }));
      const indexes = catalog
        .all()
        .filter(({ state }) => state !== 'shadow')
        .map(({ uid, physicalUid, shards, primaryKey, settingsVersion }) => ({
          uid,
          physicalUid,
          shards,
          primaryKey,
          settingsVersion,
        }));
      return { version, replicationFactor, groups, indexes };
    },
    async shards(): Promise<AdminShards> {
      const visible = catalog.listVisible();
      const indexes = visible.map((index) => ({
        uid: index.uid,
        shards: Array.from({ length: index.shards }, (_, shard) => ({
          shard,
          copies: shardCopies(index, shard, view, copies),
        })),
      }));
      const { total, readable } = coverageOf(visible, view, copies);
      return { indexes, coverage: { total, readable } };
    },
    verify: (indexUid) => options.verifier.verify(indexUid),
    verification(indexUid): AdminVerification {
      const report = options.verifier.report(indexUid);
      if (report !== null) return report;
      throw new ApiError('miroir_not_verified', `The copies of index \`${indexUid}\` have not been compared yet.`);
    },
    async ready(): Promise<AdminReady> {
      const reasons = nodes()
        .filter((node) => node.state === 'active' && !view.up(node.id) && !someoneElseUp(node, topology.record(), view))
        .map((node) => `node ${node.id} is down and no other node can stand in for it`);
      const { total, readable } = coverageOf(catalog.listVisible(), view, copies);
      if (readable < total) reasons.push(`${total - readable} of ${total} shards have no readable copy`);
      return { ready: reasons.length === 0, reasons };
    },
    async task(uid): Promise<AdminTask> {
      const record = await options.store.task(uid);
      if (record === null) throw new ApiError('task_not_found', `Task \`${uid}\` not found.`);
      const parts = options.active.get(uid)?.parts ?? (await options.store.parts(uid));
      return {
        task: JSON.parse(taskView(record)) as Record<string, unknown>,
        parts: parts.map((part) => ({
          node: part.nodeId,
          step: part.step,
          status: part.status,
          nodeTaskUid: part.nodeTaskUid,
          error: part.error === null ? null : (JSON.parse(part.error) as AdminTask['parts'][number]['error']),
          counts: part.counts,
        })),
      };
    },
  };
}

/** Whether the shards of a node are also on a node that is up: with RF 1 and one group they never are. */
function someoneElseUp(node: NodeRecord, topology: TopologyRecord, view: Pick<ClusterView, 'up'>): boolean {
  const down = (group: number) => topology.nodes.filter((other) => other.group === group && !view.up(other.id)).length;
  const groups = new Set(topology.nodes.map((other) => other.group));
  if (down(node.group) < topology.replicationFactor) return true;
  return [...groups].some((group) => group !== node.group && down(group) < topology.replicationFactor);
}
