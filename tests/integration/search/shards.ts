import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stamp } from '../../../src/documents/markers.ts';
import { createDocumentReadService } from '../../../src/documents/read.ts';
import type { ErrorBody } from '../../../src/errors/api-error.ts';
import type { DocumentReadService, SearchService } from '../../../src/http/services.ts';
import { rewriteNodeError } from '../../../src/indexes/error-rewrite.ts';
import { elements, members } from '../../../src/json/scan.ts';
import type { Caller } from '../../../src/keys/caller.ts';
import { createNodeClient, type NodeClient } from '../../../src/nodes/client.ts';
import { type LocalNode, startLocalNode } from '../../../src/nodes/local.ts';
import { initHash, shardOf } from '../../../src/placement/hash.ts';
import { createTopologyView } from '../../../src/placement/topology.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import { createScatter, type ScatterOptions } from '../../../src/search/scatter.ts';
import { createSearchService } from '../../../src/search/search.ts';
import type { IndexRecord } from '../../../src/store/records.ts';
import { steadyReading } from '../../support/reading.ts';
import { steadyView } from '../../unit/placement/steady-view.ts';

/** One Meilisearch that holds everything, and three that hold shards of it, loaded without Miroir's write path. */
export interface ShardedFixture {
  oracle: NodeClient;
  nodes: ReadonlyMap<string, LocalNode>;
  /** Load an index: on the oracle as it is, on the nodes by shard with markers, `copies` times. */
  load(index: FixtureIndex): Promise<IndexRecord>;
  /** Services that read these indexes; `change` overrides parts of the cluster view and the configuration. */
  services(change?: { view?: Partial<ClusterView>; options?: Partial<ScatterOptions>; index?: Partial<IndexRecord> }): {
    search: Pick<SearchService, 'search' | 'similar'>;
    documents: DocumentReadService;
    counts: { fanOut: number[]; retries: number; hedges: number };
  };
  stop(): Promise<void>;
}

export interface FixtureIndex {
  uid: string;
  primaryKey: string;
  /** Groups of node numbers; a shard has `copies` copies in each. */
  groups?: number[][];
  copies: number;
  /** Logical settings. */
  settings: Record<string, unknown>;
  /** Documents as JSON texts. */
  documents: readonly string[];
  shards?: number;
}

/** A caller that may do anything, with an optional tenant filter. */
export function anyCaller(filter: string | null = null): Caller {
  return { allowsIndex: () => true, indexPatterns: null, may: () => true, tenantFilter: () => filter };
}

const markerRule = {
  attributePatterns: ['_miroir_shard', '_miroir_shard.*'],
  features: { facetSearch: false, filter: { equality: true, comparison: false } },
};

function physicalSettings(settings: Record<string, unknown>): Record<string, unknown> {
  const filterable = (settings.filterableAttributes as unknown[] | undefined) ?? [];
  const { displayedAttributes: _hidden, faceting: _faceting, ...rest } = settings;
  return { ...rest, filterableAttributes: [markerRule, ...filterable], faceting: { maxValuesPerFacet: 100_000 } };
}

async function task(client: NodeClient, method: 'POST' | 'PATCH', path: string, body: string): Promise<void> {
  const response = await client.request({ method, path, body });
  if (response.status !== 202) throw new Error(`${path}: ${response.status} ${response.text}`);
  const { taskUid } = JSON.parse(response.text) as { taskUid: number };
  for (;;) {
    const { text } = await client.request({ method: 'GET', path: `/tasks/${taskUid}` });
    const { status, error } = JSON.parse(text) as { status: string; error: unknown };
    if (status === 'succeeded') return;
    if (status === 'failed') throw new Error(`${path}: ${JSON.stringify(error)}`);
    await sleep(20);
  }
}

/** Id of a document as text. */
function idOf(document: string, primaryKey: string): string {
  const member = members(document).find(({ key }) => key === primaryKey);
  if (member === undefined) throw new Error('document without id');
  return String(JSON.parse(document.slice(member.valueStart, member.valueEnd)));
}

function toLogical(error: ErrorBody, index: IndexRecord): ErrorBody {
  const { displayedAttributes } = JSON.parse(index.settings ?? '{}') as { displayedAttributes?: string[] };
  return rewriteNodeError(error, { physicalUid: index.physicalUid, logicalUid: index.uid, displayedAttributes });
}

export async function startShardedFixture(): Promise<ShardedFixture> {
  await initHash();
  const directory = mkdtempSync(join(tmpdir(), 'miroir-search-'));
  const ids = ['oracle', 'n0', 'n1', 'n2'];
  const started = await Promise.all(
    ids.map((id) => startLocalNode({ id, directory: join(directory, id), masterKey: 'sharded-fixture-key' })),
  );
  const nodes = new Map(started.map((node) => [node.id, node]));
  const clients = new Map(
    started.map((node) => [
      node.id,
      createNodeClient({ id: node.id, address: node.address, apiKey: node.masterKey, timeoutMs: 20_000 }),
    ]),
  );
  const client = (id: string): NodeClient => {
    const found = clients.get(id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  };
  const catalog = new Map<string, { record: IndexRecord; view: ClusterView }>();

  function viewOf(index: FixtureIndex): ClusterView {
    const groups = index.groups ?? [[0, 1, 2]];
    const members_ = groups.flatMap((group, number) =>
      group.map((n) => ({ id: `n${n}`, address: '', group: number, slot: `n${n}`, state: 'active' as const })),
    );
    const topology = createTopologyView({ version: 1, replicationFactor: index.copies, nodes: members_, retired: [] });
    return steadyView(topology);
  }

  async function load(index: FixtureIndex): Promise<IndexRecord> {
    const record: IndexRecord = {
      id: catalog.size + 1,
      uid: index.uid,
      acceptedUid: index.uid,
      physicalUid: `${index.uid}_g1`,
      shards: index.shards ?? 16,
      state: 'active',
      shadow: null,
      primaryKey: index.primaryKey,
      acceptedPrimaryKey: index.primaryKey,
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
      settings: JSON.stringify(index.settings),
      settingsVersion: 1,
    };
    const view = viewOf(index);
    const parts = new Map<string, string[]>([...ids.slice(1)].map((id) => [id, []]));
    index.documents.forEach((document, position) => {
      const shard = shardOf(idOf(document, index.primaryKey), record.shards);
      const stamped = stamp(document, shard, BigInt(position + 1));
      for (const group of view.groups()) for (const node of view.owners(group, shard)) parts.get(node)?.push(stamped);
    });
    const put = async (node: string, uid: string, settings: unknown, documents: readonly string[]) => {
      await task(client(node), 'PATCH', `/indexes/${uid}/settings`, JSON.stringify(settings));
      await task(
        client(node),
        'POST',
        `/indexes/${uid}/documents?primaryKey=${index.primaryKey}`,
        `[${documents.join(',')}]`,
      );
    };
    await Promise.all([
      put('oracle', index.uid, index.settings, index.documents),
      ...[...parts].map(([node, documents]) =>
        put(node, record.physicalUid, physicalSettings(index.settings), documents),
      ),
    ]);
    catalog.set(index.uid, { record, view });
    return record;
  }

  const services: ShardedFixture['services'] = (change = {}) => {
    const counts = { fanOut: [] as number[], retries: 0, hedges: 0 };
    let view: ClusterView | null = null;
    const visible = (uid: string): IndexRecord | null => {
      const entry = catalog.get(uid);
      if (entry === undefined) return null;
      view = { ...entry.view, ...change.view };
      return { ...entry.record, ...change.index };
    };
    const scatter = createScatter({
      view: () => view as ClusterView,
      clients: { get: client },
      nodeTimeoutMs: 10_000,
      unavailableShards: 'partial',
      errors: { toLogical },
      ...steadyReading(),
      metrics: {
        fanOut: (n) => counts.fanOut.push(n),
        retry: () => counts.retries++,
        hedge: () => counts.hedges++,
        partial: () => {},
      },
      ...change.options,
    });
    return {
      search: createSearchService({ catalog: { visible }, scatter, semanticOverFetch: 100 }),
      documents: createDocumentReadService({ catalog: { visible }, scatter }),
      counts,
    };
  };

  return {
    oracle: client('oracle'),
    nodes,
    load,
    services,
    async stop() {
      await Promise.all([...clients.values()].map((c) => c.close()));
      await Promise.all(started.map((node) => node.stop('SIGKILL')));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Hits of an answer as raw texts. */
export function rawHits(json: string): string[] {
  const hits = members(json).find(({ key }) => key === 'hits' || key === 'results');
  return hits === undefined ? [] : elements(json, hits.valueStart);
}
