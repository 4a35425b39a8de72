import { pino } from 'pino';
import { createCatalog } from '../../../src/indexes/catalog.ts';
import { type NodeClient, NodeError, type NodeRequest, type NodeResponse } from '../../../src/nodes/client.ts';
import { createClusterView } from '../../../src/placement/cluster-view.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { createTopologyView } from '../../../src/placement/topology.ts';
import type { IndexRecord, TopologyRecord } from '../../../src/store/records.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { Store } from '../../../src/store/store.ts';
import type { PlannedPart, WritePlan } from '../../../src/tasks/acceptance.ts';
import type { SettingsCommit } from '../../../src/tasks/catalog-changes.ts';
import { createTaskEngine, type TaskEngine } from '../../../src/tasks/engine.ts';

/** What a scripted node does with the next write. */
export type Behaviour = 'accept' | 'refuse-connection' | 'lose-answer' | 'hang';

interface FakeTask {
  uid: number;
  path: string;
  status: 'enqueued' | 'succeeded' | 'failed' | 'canceled';
  error: object | null;
  details: object;
}

/** The few routes of a node that the task engine talks to, with failures on demand. No search, no documents. */
export class FakeNode implements NodeClient {
  readonly tasks: FakeTask[] = [];
  behaviour: Behaviour = 'accept';
  up = true;
  /** How accepted tasks end; `null` leaves them waiting. */
  outcome: ((task: FakeTask) => 'succeeded' | { error: object } | null) | null = () => 'succeeded';

  constructor(readonly id: string) {}

  async request(request: NodeRequest): Promise<NodeResponse> {
    if (!this.up) throw new NodeError(this.id, 'refused', 'down');
    const url = new URL(request.path, 'http://node');
    if (request.method === 'GET' && url.pathname === '/tasks') return this.#list(url.searchParams);
    if (request.method === 'POST' && url.pathname === '/tasks/cancel') return this.#cancel(url.searchParams);
    return this.#write(request);
  }

  async close(): Promise<void> {}

  /** The paths of the writes it took, in order. */
  get paths(): string[] {
    return this.tasks.map((task) => task.path);
  }

  async #write(request: NodeRequest): Promise<NodeResponse> {
    if (this.behaviour === 'refuse-connection') throw new NodeError(this.id, 'refused', 'no');
    if (this.behaviour === 'hang') await new Promise(() => undefined);
    const task: FakeTask = { uid: this.tasks.length, path: request.path, status: 'enqueued', error: null, details: {} };
    this.tasks.push(task);
    if (this.behaviour === 'lose-answer') await new Promise(() => undefined);
    return { status: 202, text: JSON.stringify({ taskUid: task.uid }) };
  }

  #list(query: URLSearchParams): NodeResponse {
    const uids = query.get('uids')?.split(',').map(Number);
    const index = query.get('indexUids');
    const found = this.tasks.filter((task) => {
      this.#advance(task);
      return uids === undefined ? task.path.includes(`/${index}/`) : uids.includes(task.uid);
    });
    const now = new Date().toISOString();
    const results = found.map((task) => {
      const ended = task.status !== 'enqueued';
      return { ...task, startedAt: ended ? now : null, finishedAt: ended ? now : null };
    });
    return { status: 200, text: JSON.stringify({ results: results.reverse() }) };
  }

  #advance(task: FakeTask): void {
    if (task.status !== 'enqueued') return;
    const outcome = this.outcome?.(task) ?? null;
    if (outcome === 'succeeded') task.status = 'succeeded';
    else if (outcome !== null) {
      task.status = 'failed';
      task.error = outcome.error;
    }
  }

  #cancel(query: URLSearchParams): NodeResponse {
    const uids = query.get('uids')?.split(',').map(Number) ?? [];
    for (const task of this.tasks) if (uids.includes(task.uid) && task.status === 'enqueued') task.status = 'canceled';
    return { status: 200, text: '{"taskUid":0}' };
  }
}

/** A task engine over scripted nodes and a real store; `crash` throws its memory away and starts another on the store. */
export interface FakeCluster {
  readonly nodes: Map<string, FakeNode>;
  readonly store: Store;
  engine: TaskEngine;
  catalog: ReturnType<typeof createCatalog>;
  copies: ReturnType<typeof createCopyStates>;
  /** Write to shards of index `movies`: one part per owner, as documents are. */
  write(shards: number[], over?: Partial<WritePlan>): Promise<{ uid: number; degraded: unknown }>;
  ended(uid: number): Promise<void>;
  crash(): Promise<void>;
  close(): Promise<void>;
}

export const movies: IndexRecord = {
  id: 1,
  uid: 'movies',
  acceptedUid: 'movies',
  physicalUid: 'movies__1',
  shards: 4,
  state: 'active',
  primaryKey: 'id',
  acceptedPrimaryKey: 'id',
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  settings: null,
  settingsVersion: 0,
};

const committing: SettingsCommit = {
  commit: async (index) => ({ record: { ...index, settings: '{}', settingsVersion: index.settingsVersion + 1 } }),
  restore: () => [],
};

/** Builds one; `settings` replaces what commits settings. Hashes must be initialised. */
export async function startFakeCluster(
  replicationFactor: number,
  nodeIds: readonly string[] = ['a', 'b', 'c'],
  settings: SettingsCommit = committing,
): Promise<FakeCluster> {
  const nodes = new Map(nodeIds.map((id) => [id, new FakeNode(id)]));
  const topology: TopologyRecord = {
    version: 1,
    replicationFactor,
    nodes: nodeIds.map((id) => ({ id, address: `http://${id}`, group: 0 })),
  };
  const store = await openSqliteStore({ path: ':memory:', synchronous: 'normal' });
  await store.commit([{ kind: 'putIndex', record: movies }]);
  const topologyView = createTopologyView(topology);

  async function boot() {
    const catalog = createCatalog(await store.indexes());
    const copies = createCopyStates(await store.staleCopies(), await store.leavingCopies());
    const view = createClusterView(topologyView, { up: (id) => nodes.get(id)?.up ?? false }, copies);
    const engine = createTaskEngine({
      store,
      catalog,
      copies,
      view,
      clients: nodes,
      settings,
      toLogicalError: (error) => error,
      writeTimeoutMs: 1_000,
      minCopies: 1,
      retentionMs: 60_000,
      nodeRetentionMs: 3_600_000,
      now: Date.now,
      log: pino({ level: 'silent' }),
      onEnded: () => undefined,
    });
    await engine.start();
    return { catalog, copies, engine };
  }

  function parts(shards: number[]): PlannedPart[] {
    return nodeIds.flatMap((nodeId) => {
      const own = shards.filter((shard) => topologyView.owners(0, shard).includes(nodeId));
      if (own.length === 0) return [];
      const request: NodeRequest = { method: 'POST', path: `/indexes/${movies.physicalUid}/documents`, body: '[]' };
      return [{ nodeId, step: 'documents', shards: own, counts: false, request }];
    });
  }

  const cluster: FakeCluster = {
    nodes,
    store,
    ...(await boot()),
    async write(shards, over = {}) {
      const answer = await cluster.engine.acceptance.accept('movies', async () => ({
        type: 'documentAdditionOrUpdate',
        indexUid: 'movies',
        index: movies,
        details: { receivedDocuments: 1, indexedDocuments: null },
        verdict: null,
        effect: { documents: 1 },
        catalog: [],
        parts: parts(shards),
        ...over,
      }));
      return { uid: answer.summary.taskUid, degraded: answer.degraded };
    },
    async ended(uid) {
      for (let i = 0; i < 500; i++) {
        if ((await store.task(uid))?.phase === 'ended') return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`task ${uid} did not end`);
    },
    async crash() {
      await cluster.engine.stop();
      Object.assign(cluster, await boot());
    },
    async close() {
      await cluster.engine.stop();
      await store.close();
    },
  };
  return cluster;
}
