import type { Catalog } from '../indexes/catalog.ts';
import type { Health } from '../nodes/health.ts';
import type { ReplicaSelection } from '../nodes/replica-selection.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { AdminRebalance } from '../placement/admin-types.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { Topology } from '../placement/topology.ts';
import type { ClusterView } from '../placement/view.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import { coverageOf } from './coverage.ts';

const movePhases = ['waiting', 'preparing', 'comparing', 'catching up', 'finishing'] as const;

/** Sets, before each scrape, the gauges that tell how far a rebalance is. */
export function refreshRebalanceGauges(metrics: Metrics, { state, moves, documents, pace }: AdminRebalance): void {
  metrics.rebalanceInProgress.set(state === 'idle' ? 0 : 1);
  for (const phase of movePhases) {
    metrics.rebalanceMoves.set({ phase }, moves.filter((move) => move.phase === phase).length);
  }
  metrics.rebalanceDocuments.set({ state: 'done' }, documents.done);
  metrics.rebalanceDocuments.set({ state: 'total' }, documents.total);
  metrics.rebalancePace.set(pace.documentsPerSecond ?? 0);
}

/** Sets, before each scrape, the gauges that describe the cluster's present state. */
export function refreshGauges(
  metrics: Metrics,
  state: {
    topology: Topology;
    catalog: Catalog;
    copies: CopyStates;
    view: ClusterView;
    health: Pick<Health, 'suspect'>;
    selection: Pick<ReplicaSelection, 'avoids'>;
    active: ActiveTasks;
    now(): number;
  },
): void {
  const { topology, catalog, copies, view, health, selection, active } = state;
  const indexes = catalog.listVisible();
  const coverage = coverageOf(indexes, view, copies);
  metrics.shardCoverage.set(coverage.total === 0 ? 1 : coverage.readable / coverage.total);
  metrics.degradedShards.set(coverage.degraded);
  metrics.staleCopies.set(copies.stale().filter(({ indexId }) => catalog.byId(indexId)?.state !== 'shadow').length);
  const resharding = catalog.all().filter(({ shadow }) => shadow?.phase === 'preparing' || shadow?.phase === 'filling');
  metrics.reshardsInProgress.set(resharding.length);
  for (const node of topology.record().nodes) {
    let held = 0;
    for (const index of indexes) {
      for (let shard = 0; shard < index.shards; shard++)
        if (view.copies(index, node.group, shard).includes(node.id)) held++;
    }
    metrics.shardDistribution.set({ node: node.id }, held);
    metrics.nodeHealthy.set({ node: node.id }, view.up(node.id) ? 1 : 0);
    metrics.nodeCircuitOpen.set({ node: node.id }, view.up(node.id) && !health.suspect(node.id) ? 0 : 1);
    metrics.nodeAvoided.set({ node: node.id }, selection.avoids(node.id) ? 1 : 0);
  }
  const oldest = Math.min(state.now(), ...[...active.all()].map((task) => Date.parse(task.record.enqueuedAt)));
  metrics.taskAge.set((state.now() - oldest) / 1_000);
  metrics.taskRegistrySize.set(active.size);
}
