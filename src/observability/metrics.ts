import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricDefinition, type MetricName, metricDefinitions } from './definitions.ts';

/** Miroir's metrics as typed fields over a registry of their own; meanings are in `definitions.ts`. */
export interface Metrics {
  readonly requestDuration: Histogram<'method' | 'route' | 'status'>;
  readonly requestsInFlight: Gauge;
  readonly requestsWaiting: Gauge;
  readonly requestsShed: Counter;
  readonly lostAnswers: Counter<'outcome'>;
  readonly nodeHealthy: Gauge<'node'>;
  readonly nodeCircuitOpen: Gauge<'node'>;
  readonly nodeCircuitOpenings: Counter<'node'>;
  readonly nodeAvoided: Gauge<'node'>;
  readonly nodeRequestDuration: Histogram<'node'>;
  readonly nodeErrors: Counter<'node' | 'kind'>;
  readonly shardCoverage: Gauge;
  readonly degradedShards: Gauge;
  readonly staleCopies: Gauge;
  readonly repairs: Counter<'outcome'>;
  readonly repairedDocuments: Counter<'action'>;
  readonly rebalanceInProgress: Gauge;
  readonly rebalanceMoves: Gauge<'phase'>;
  readonly rebalanceDocuments: Gauge<'state'>;
  readonly rebalancePace: Gauge;
  readonly movedDocuments: Counter;
  readonly leastMovedDocuments: Counter;
  readonly movedBytes: Counter;
  readonly moveDuration: Histogram;
  readonly reshardsInProgress: Gauge;
  readonly reshards: Counter<'outcome'>;
  readonly reshardDocuments: Counter<'action'>;
  readonly shardDistribution: Gauge<'node'>;
  readonly scatterFanOut: Histogram;
  readonly scatterPartial: Counter;
  readonly scatterRetries: Counter;
  readonly hedges: Counter<'outcome'>;
  readonly tasks: Counter<'status'>;
  readonly webhookDeliveries: Counter<'outcome'>;
  readonly taskAge: Gauge;
  readonly taskRegistrySize: Gauge;
  readonly workerRestarts: Counter;
  /** Run before each scrape, to set gauges that are read off the state instead of being kept up to date. */
  beforeScrape(refresh: () => void | Promise<void>): void;
  /** Drops every series of a node that has left. */
  forgetNode(nodeId: string): void;
  /** Everything in Prometheus' text format, with what other processes add to it. */
  text(): Promise<string>;
  /** This process's part of it, for `addSource` of another one. */
  objects(): Promise<object[]>;
  /** Further processes, whose `objects()` are added up with this one's. */
  addSource(source: () => Promise<object[][]>): void;
  /** `Content-Type` of `text()`. */
  readonly contentType: string;
}

function options<L extends string>(name: MetricName, registry: Registry) {
  const definition: MetricDefinition = metricDefinitions[name];
  const labelNames = definition.labels as readonly L[];
  return { name, help: definition.help, labelNames: [...labelNames], registers: [registry] };
}

/**
 * A fresh set of metrics. `processMetrics` adds prom-client's `process_*` and `nodejs_*` ones, which watch the whole
 * process, so a process wants them once.
 */
export function createMetrics({ processMetrics = true }: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const gauge = <L extends string = string>(name: MetricName) => new Gauge<L>(options<L>(name, registry));
  const counter = <L extends string = string>(name: MetricName) => new Counter<L>(options<L>(name, registry));
  const histogram = <L extends string = string>(name: MetricName) => {
    const { buckets = [] }: MetricDefinition = metricDefinitions[name];
    return new Histogram<L>({ ...options<L>(name, registry), buckets: [...buckets] });
  };
  if (processMetrics) collectDefaultMetrics({ register: registry });

  const sources: (() => Promise<object[][]>)[] = [];
  const refreshers: (() => void | Promise<void>)[] = [];
  const nodeHealthy = gauge<'node'>('miroir_node_healthy');
  const nodeCircuitOpen = gauge<'node'>('miroir_node_circuit_open');
  const nodeCircuitOpenings = counter<'node'>('miroir_node_circuit_openings_total');
  const nodeAvoided = gauge<'node'>('miroir_node_avoided');
  const nodeRequestDuration = histogram<'node'>('miroir_node_request_duration_seconds');
  const nodeErrors = counter<'node' | 'kind'>('miroir_node_errors_total');
  const shardDistribution = gauge<'node'>('miroir_shard_distribution');
  return {
    requestDuration: histogram('miroir_request_duration_seconds'),
    requestsInFlight: gauge('miroir_requests_in_flight'),
    requestsWaiting: gauge('miroir_requests_waiting'),
    requestsShed: counter('miroir_requests_shed_total'),
    lostAnswers: counter('miroir_write_answers_lost_total'),
    nodeHealthy,
    nodeCircuitOpen,
    nodeCircuitOpenings,
    nodeAvoided,
    nodeRequestDuration,
    nodeErrors,
    shardCoverage: gauge('miroir_shard_coverage'),
    degradedShards: gauge('miroir_degraded_shards'),
    staleCopies: gauge('miroir_stale_copies'),
    repairs: counter('miroir_antientropy_repairs_total'),
    repairedDocuments: counter('miroir_antientropy_documents_total'),
    rebalanceInProgress: gauge('miroir_rebalance_in_progress'),
    rebalanceMoves: gauge('miroir_rebalance_moves'),
    rebalanceDocuments: gauge('miroir_rebalance_documents'),
    rebalancePace: gauge('miroir_rebalance_pace_documents_per_second'),
    movedDocuments: counter('miroir_rebalance_documents_moved_total'),
    leastMovedDocuments: counter('miroir_rebalance_documents_minimum_total'),
    movedBytes: counter('miroir_rebalance_bytes_moved_total'),
    moveDuration: histogram('miroir_rebalance_move_duration_seconds'),
    reshardsInProgress: gauge('miroir_reshards_in_progress'),
    reshards: counter('miroir_reshards_total'),
    reshardDocuments: counter('miroir_reshard_documents_total'),
    shardDistribution,
    scatterFanOut: histogram('miroir_scatter_fan_out'),
    scatterPartial: counter('miroir_scatter_partial_total'),
    scatterRetries: counter('miroir_scatter_retries_total'),
    hedges: counter('miroir_hedges_total'),
    tasks: counter('miroir_tasks_total'),
    webhookDeliveries: counter('miroir_webhook_deliveries_total'),
    taskAge: gauge('miroir_task_age_seconds'),
    taskRegistrySize: gauge('miroir_task_registry_size'),
    workerRestarts: counter('miroir_worker_restarts_total'),
    beforeScrape(refresh) {
      refreshers.push(refresh);
    },
    forgetNode(node) {
      const perNode = [nodeHealthy, nodeCircuitOpen, nodeCircuitOpenings, nodeAvoided, nodeRequestDuration];
      for (const metric of [...perNode, shardDistribution]) metric.remove({ node });
      for (const kind of nodeErrorKinds) nodeErrors.remove({ node, kind });
    },
    async text() {
      await Promise.all(refreshers.map((refresh) => refresh()));
      if (sources.length === 0) return registry.metrics();
      const others = await Promise.all(sources.map((source) => source()));
      return AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others.flat()]).metrics();
    },
    objects: () => registry.getMetricsAsJSON(),
    addSource(source) {
      sources.push(source);
    },
    contentType: registry.contentType,
  };
}

const nodeErrorKinds = ['refused', 'timeout', 'broken', 'aborted', 'status'] as const;

/** Counts one attempt to reach a node, as a node client's `onOutcome` reports it. */
export function recordNodeOutcome(
  metrics: Metrics,
  outcome: { nodeId: string; durationMs: number; status?: number; error?: { kind: string } },
): void {
  const node = outcome.nodeId;
  if (outcome.error !== undefined) {
    metrics.nodeErrors.inc({ node, kind: outcome.error.kind });
    return;
  }
  metrics.nodeRequestDuration.observe({ node }, outcome.durationMs / 1000);
  if ((outcome.status ?? 0) >= 500) metrics.nodeErrors.inc({ node, kind: 'status' });
}
