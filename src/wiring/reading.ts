import type { Config } from '../config/schema.ts';
import { createDocumentReadService } from '../documents/read.ts';
import type { ErrorBody } from '../errors/api-error.ts';
import type { ReadServices } from '../http/services.ts';
import { rewriteNodeError } from '../indexes/error-rewrite.ts';
import { committedSettings } from '../indexes/settings/accepted.ts';
import { createExtraBudget } from '../nodes/budget.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { createReplicaSelection, type ReplicaSelection } from '../nodes/replica-selection.ts';
import { machineTime } from '../nodes/timing.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { CopyStates } from '../placement/copies.ts';
import { createReadLayouts } from '../placement/read-layout.ts';
import type { Topology } from '../placement/topology.ts';
import type { ClusterView } from '../placement/view.ts';
import { createFacetSearch } from '../search/facet-search.ts';
import { createScatter, type Scatter } from '../search/scatter.ts';
import { createSearchService } from '../search/search.ts';
import type { IndexRecord } from '../store/records.ts';

/** What reading the documents of a cluster needs to know of it. */
export interface ReadCluster {
  topology: Pick<Topology, 'record'>;
  clients: Pick<NodeRegistry, 'get'>;
  selection: ReplicaSelection;
  catalog: { visible(uid: string): IndexRecord | null };
  copies: Pick<CopyStates, 'version'>;
  view: ClusterView;
}

/** Reading, and what it rests on. */
export interface Reading extends Pick<ReadServices, 'search' | 'documents'> {
  scatter: Scatter;
}

/** A node's error as one Meilisearch would have put it. */
export function toLogicalError(error: ErrorBody, index: IndexRecord): ErrorBody {
  const { displayedAttributes } = committedSettings(index) as { displayedAttributes?: string[] };
  return rewriteNodeError(error, { physicalUid: index.physicalUid, logicalUid: index.uid, displayedAttributes });
}

/** How the nodes of a process are compared. */
export function buildSelection({ search }: Config, suspect: (nodeId: string) => boolean): ReplicaSelection {
  const { replicaSelection, hedging } = search;
  return createReplicaSelection({
    timing: machineTime,
    suspect,
    ...replicaSelection,
    minHedgeDelay: hedging.minDelay,
  });
}

function buildScatter(
  { search }: Config,
  metrics: Metrics,
  { view, topology, copies, clients, selection }: ReadCluster,
): Scatter {
  return createScatter({
    view: () => view,
    layout: createReadLayouts(() => `${topology.record().version}/${copies.version()}`),
    clients: { get: (id) => clients.get(id)! },
    timing: machineTime,
    selection,
    leastLoadedGroup: search.groupSelection === 'least_loaded',
    hedging: search.hedging.enabled,
    budget: createExtraBudget(search.hedging.budget),
    nodeTimeoutMs: search.nodeTimeout,
    unavailableShards: search.unavailableShards,
    errors: { toLogical: toLogicalError },
    metrics: {
      fanOut: (nodes) => metrics.scatterFanOut.observe(nodes),
      retry: () => metrics.scatterRetries.inc(),
      hedge: (outcome) => metrics.hedges.inc({ outcome }),
      partial: () => metrics.scatterPartial.inc(),
    },
  });
}

/** Builds searching and the reading of documents, which every process has. */
export function buildReading(config: Config, metrics: Metrics, cluster: ReadCluster): Reading {
  const { catalog } = cluster;
  const scatter = buildScatter(config, metrics, cluster);
  return {
    scatter,
    search: {
      ...createSearchService({ catalog, scatter, semanticOverFetch: config.search.semanticOverFetch }),
      facetSearch: createFacetSearch({ catalog, scatter }),
    },
    documents: createDocumentReadService({ catalog, scatter }),
  };
}
