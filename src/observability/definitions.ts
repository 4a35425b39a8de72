/** What a metric is; `docs/metrics.md` is generated from these. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every metric of Miroir's own. Names are complete, so that a search for one finds this place. */
export const metricDefinitions = {
  miroir_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the arrival of a client request to the end of its answer, by method, route pattern and status.',
    labels: ['method', 'route', 'status'],
    buckets: requestBuckets,
  },
  miroir_requests_in_flight: {
    type: 'gauge',
    help: 'Client requests being handled now. At server.max_concurrent_requests further ones wait.',
    labels: [],
  },
  miroir_requests_waiting: {
    type: 'gauge',
    help: 'Client requests waiting for their turn. At server.max_queued_requests further ones are refused.',
    labels: [],
  },
  miroir_requests_shed_total: {
    type: 'counter',
    help: 'Requests refused with miroir_overloaded because a limit was reached.',
    labels: [],
  },
  miroir_write_answers_lost_total: {
    type: 'counter',
    help: "Writes whose answer from a node was lost: found (among the node's tasks), resent (certainly not there, sent again), given_up (the copies count as having missed it).",
    labels: ['outcome'],
  },
  miroir_node_healthy: {
    type: 'gauge',
    help: '1 while the node counts as up or merely suspect, 0 while it counts as down.',
    labels: ['node'],
  },
  miroir_node_circuit_open: {
    type: 'gauge',
    help: '1 while the node is suspect or down: it is read only where nobody else can answer, or not at all. 0 otherwise.',
    labels: ['node'],
  },
  miroir_node_circuit_openings_total: {
    type: 'counter',
    help: 'Times that the node went from being used to being suspect or down.',
    labels: ['node'],
  },
  miroir_node_avoided: {
    type: 'gauge',
    help: '1 while reads avoid the node because it is clearly slower, more loaded or failing more than others.',
    labels: ['node'],
  },
  miroir_node_request_duration_seconds: {
    type: 'histogram',
    help: 'Time that a node took to answer a request, whatever the status. Requests without an answer are in miroir_node_errors_total.',
    labels: ['node'],
    buckets: requestBuckets,
  },
  miroir_node_errors_total: {
    type: 'counter',
    help: 'Requests to a node that failed: refused (no connection), timeout, broken (connection lost), aborted (given up by Miroir, for example because another copy was faster), status (answered 5xx).',
    labels: ['node', 'kind'],
  },
  miroir_shard_coverage: {
    type: 'gauge',
    help: 'Share of all shards of all indexes with a readable copy, 0 to 1. Below 1 searches are incomplete or refused.',
    labels: [],
  },
  miroir_degraded_shards: {
    type: 'gauge',
    help: 'Shards, over all indexes, of which at least one copy is stale or on a node that is down.',
    labels: [],
  },
  miroir_stale_copies: {
    type: 'gauge',
    help: 'Copies that missed a write and serve no reads until they are repaired.',
    labels: [],
  },
  miroir_antientropy_repairs_total: {
    type: 'counter',
    help: 'Attempts to repair the stale copies of one index on one node: succeeded, failed (tried again later).',
    labels: ['outcome'],
  },
  miroir_antientropy_documents_total: {
    type: 'counter',
    help: 'Documents by what repairs and comparisons of copies did with them: copied (to a stale copy), deleted (from a stale copy), differed (between copies in sync), rewritten and removed (on copies in sync, to make them equal).',
    labels: ['action'],
  },
  miroir_rebalance_in_progress: {
    type: 'gauge',
    help: '1 while copies move because nodes, groups or the number of copies have changed, paused or not. 0 otherwise.',
    labels: [],
  },
  miroir_rebalance_moves: {
    type: 'gauge',
    help: 'Moves under way, the copies of one index on one node each, by phase: waiting, preparing, comparing, catching up, finishing.',
    labels: ['phase'],
  },
  miroir_rebalance_documents: {
    type: 'gauge',
    help: 'Documents in the copies that the rebalance under way gives to new owners: total (at first estimated) and done (those that they have).',
    labels: ['state'],
  },
  miroir_rebalance_pace_documents_per_second: {
    type: 'gauge',
    help: 'Documents per second that may be copied now, less than rebalance.docs_per_second while copying backs off. 0: no limit.',
    labels: [],
  },
  miroir_rebalance_documents_moved_total: {
    type: 'counter',
    help: 'Documents stored on new owners by moves that have ended or failed.',
    labels: [],
  },
  miroir_rebalance_documents_minimum_total: {
    type: 'counter',
    help: 'Documents that the copies of ended moves hold: what had to be stored at least. Moved far above this means that moves were interrupted, or that much was written meanwhile.',
    labels: [],
  },
  miroir_rebalance_bytes_moved_total: {
    type: 'counter',
    help: 'Bytes of documents stored on new owners by moves that have ended or failed.',
    labels: [],
  },
  miroir_rebalance_move_duration_seconds: {
    type: 'histogram',
    help: 'How long each move took, the copies of one index on one node.',
    labels: [],
    buckets: [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400],
  },
  miroir_reshards_in_progress: {
    type: 'gauge',
    help: 'Indexes whose number of shards is being changed; those that only keep their former layout do not count.',
    labels: [],
  },
  miroir_reshards_total: {
    type: 'counter',
    help: 'Changes of the number of shards of an index, by outcome: switched (readers see the new layout), rolled_back, aborted.',
    labels: ['outcome'],
  },
  miroir_reshard_documents_total: {
    type: 'counter',
    help: 'Documents that resharding stored in (copied) or deleted from (deleted) the layout that was filled; the writes of clients do not count.',
    labels: ['action'],
  },
  miroir_shard_distribution: {
    type: 'gauge',
    help: 'Shard copies, over all indexes, that a node holds.',
    labels: ['node'],
  },
  miroir_scatter_fan_out: {
    type: 'histogram',
    help: 'Nodes asked for one search.',
    labels: [],
    buckets: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64],
  },
  miroir_scatter_partial_total: {
    type: 'counter',
    help: 'Searches answered without some shards.',
    labels: [],
  },
  miroir_scatter_retries_total: {
    type: 'counter',
    help: 'Parts of searches asked again from another copy because the first one did not answer.',
    labels: [],
  },
  miroir_hedges_total: {
    type: 'counter',
    help: 'Reads that were late at one node: won (another copy, asked as well, was faster), lost (the first was faster after all), over_budget (no other copy was asked because of search.hedging.budget).',
    labels: ['outcome'],
  },
  miroir_tasks_total: {
    type: 'counter',
    help: 'Tasks that ended since the start, by final status.',
    labels: ['status'],
  },
  miroir_webhook_deliveries_total: {
    type: 'counter',
    help: 'Requests to webhooks: delivered (taken by the receiver), retried (failed, will be sent again), dropped (failed for the last time).',
    labels: ['outcome'],
  },
  miroir_task_age_seconds: {
    type: 'gauge',
    help: 'Age of the oldest task that has not ended, 0 when there is none. Growth means that a node does not get on.',
    labels: [],
  },
  miroir_task_registry_size: {
    type: 'gauge',
    help: 'Tasks in the store, ended ones included.',
    labels: [],
  },
  miroir_worker_restarts_total: {
    type: 'counter',
    help: 'Worker processes (server.workers) that ended and were replaced.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>;

/** Name of one of Miroir's metrics. */
export type MetricName = keyof typeof metricDefinitions;
