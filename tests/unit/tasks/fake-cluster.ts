import { pino } from 'pino';
import { createCatalog } from '../../../src/indexes/catalog.ts';
import { type NodeClient, NodeError, type NodeRequest, type NodeResponse } from '../../../src/nodes/client.ts';
import { machineTime, type Timing } from '../../../src/nodes/timing.ts';
import { createClusterView } from '../../../src/placement/cluster-view.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { createTopology } from '../../../src/placement/topology.ts';
import type { IndexRecord, TopologyRecord } from '../../../src/store/records.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { Store } from '../../../src/store/store.ts';
import type { PlannedPart, WritePlan } from '../../../src/tasks/acceptance.ts';
import type { SettingsCommit } from '../../../src/tasks/catalog-changes.ts';
import { createTaskEngine, type TaskEngine, type TaskEngineOptions } from '../../../src/tasks/engine.ts';
import type { LostAnswer } from '../../../src/tasks/sender.ts';

/**
 * What a scripted node does with the next write. `lose-answer` takes it and never answers, `hang` does neither; `cut-after`
 * and `cut-before` break the connection once it is, or before it could be, taken; `timeout-after` and `late` give no answer in
 * time, having taken it or taking it a while later.
 */
export type Behaviour =
  | 'accept'
  | 'refuse-connection'
  | 'lose-answer'
  | 'hang'
  | 'cut-after'
  | 'cut-before'
  | 'timeout-after'
  | 'late'
  | 'disk-full'
  | 'server-error'
  | 'html'
  | 'bad-request';

interface FakeTask {
  uid: number;
  type: string;
  path: string;
  body: string;
  status: 'enqueued' | 'succeeded' | 'failed' | 'canceled';
  error: object | null;
  details: object;
}

function typeOf(method: string, path: string): string {
  if (path.includes('/settings')) return 'settingsUpdate';
  if (path.endsWith('/documents/edit')) return 'documentEdition';
  return path.includes('/documents') && method !== 'DELETE' ? 'documentAdditionOrUpdate' : 'indexCreation';
}

function refusal(status: number, code: string, type: string): NodeResponse {
  return { status, text: JSON.stringify({ message: `${code}.`, code, type, link: '' }) };
}

/** The few routes of a node that the task engine talks to, with failures on demand. No search, no documents. */
export class FakeNode implements NodeClient {
  readonly tasks: FakeTask[] = [];
  behaviour: Behaviour = 'accept';
  /** What it does with the next writes, before `behaviour` counts again. */
  readonly script: Behaviour[] = [];
  up = true;
  /** It accepts connections and answers nothing, to probes neither. */
  silent = false;
  /** How accepted tasks end; `null` leaves them waiting. */
  outcome: ((task: FakeTask) => 'succeeded' | { error: object } | null) | null = () => 'succeeded';

  constructor(readonly id: string) {}

  async request(request: NodeRequest): Promise<NodeResponse> {
    if (!this.up) throw new NodeError(this.id, 'refused', 'down');
    if (this.silent) return new Promise(() => undefined);
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
    const behaviour = this.script.shift() ?? this.behaviour;
    switch (behaviour) {
      case 'refuse-connection':
        throw new NodeError(this.id, 'refused', 'no');
      case 'hang':
        return new Promise(() => undefined);
      case 'cut-before':
        throw new NodeError(this.id, 'broken', 'cut');
      case 'late':
        setTimeout(() => this.#take(request), 40);
        throw new NodeError(this.id, 'timeout', 'late');
      case 'disk-full':
        return refusal(422, 'no_space_left_on_device', 'system');
      case 'bad-request':
        return refusal(400, 'invalid_document_filter', 'invalid_request');
      case 'server-error':
        return refusal(500, 'internal', 'internal');
    }
    const { uid } = this.#take(request);
    if (behaviour === 'lose-answer') return new Promise(() => undefined);
    if (behaviour === 'cut-after') throw new NodeError(this.id, 'broken', 'cut');
    if (behaviour === 'timeout-after') throw new NodeError(this.id, 'timeout', 'late');
    if (behaviour === 'html') return { status: 200, text: '<html>' };
    return { status: 202, text: JSON.stringify({ taskUid: uid }) };
  }

  #take({ method, path, body }: NodeRequest): FakeTask {
    const uid = this.tasks.length;
    const type = typeOf(method, path);
    const task: FakeTask = { uid, type, path, body: String(body), status: 'enqueued', error: null, details: {} };
    this.tasks.push(task);
    return task;
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

/** Time that passes ten times as fast. */
const fastTiming: Timing = {
  elapsed: () => machineTime.elapsed() * 10,
  sleep: (ms) => machineTime.sleep(ms / 10),
  later: (ms) => machineTime.later(ms / 10),
  after: (ms, run) => machineTime.after(ms / 10, run),
};

/** A task engine over scripted nodes and a real store; `crash` throws its memory away and starts another on the store. */
export interface FakeCluster {
  readonly nodes: Map<string, FakeNode>;
  readonly store: Store;
  engine: TaskEngine;
  catalog: ReturnType<typeof createCatalog>;
  copies: ReturnType<typeof createCopyStates>;
  /** Write to shards of index `movies`: one part per owner, as documents are. */
  write(shards: number[], over?: Partial<WritePlan>): Promise<{ uid: number; degraded: unknown; replayed: boolean }>;
  /** What became of writes whose answer was lost. */
  readonly lostAnswers: LostAnswer[];
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
  shadow: null,
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
  recreate: ({ physicalUid }) => [
    { step: 'create', request: { method: 'PATCH', path: `/indexes/${physicalUid}/settings`, body: '{}' } },
  ],
};

/** Builds one; `settings` replaces what commits settings, `over` other options. Hashes must be initialised. */
export async function startFakeCluster(
  replicationFactor: number,
  nodeIds: readonly string[] = ['a', 'b', 'c'],
  settings: SettingsCommit = committing,
  over: Partial<TaskEngineOptions> = {},
): Promise<FakeCluster> {
  const lostAnswers: LostAnswer[] = [];
  const nodes = new Map(nodeIds.map((id) => [id, new FakeNode(id)]));
  const topology: TopologyRecord = {
    version: 1,
    replicationFactor,
    nodes: nodeIds.map((id) => ({ id, address: `http://${id}`, group: 0, slot: id, state: 'active' as const })),
    retired: [],
  };
  const store = await openSqliteStore({ path: ':memory:', synchronous: 'normal' });
  await store.commit([{ kind: 'putIndex', record: movies }]);
  const topologyView = createTopology(topology);

  async function boot() {
    const catalog = createCatalog(await store.indexes());
    const copies = createCopyStates(await store.staleCopies(), await store.leavingCopies());
    const view = createClusterView(topologyView, { up: (id) => nodes.get(id)?.up ?? false }, copies);
    const engine = createTaskEngine({
      store,
      catalog,
      copies,
      view,
      topology: topologyView,
      clients: nodes,
      settings,
      toLogicalError: (error) => error,
      writeTimeoutMs: 20_000,
      probe: async (id) => {
        const node = nodes.get(id);
        if (node?.silent) node.up = false;
      },
      policy: { consistency: 'in_sync', minCopies: 1 },
      probeAfterMs: 200,
      resends: 2,
      maxWaiting: 100,
      maxUnfinished: 1_000,
      idempotency: { retentionMs: 60_000, maxKeys: 100 },
      timing: fastTiming,
      onLostAnswer: (outcome) => lostAnswers.push(outcome),
      onOtherDisk: () => undefined,
      retentionMs: 60_000,
      nodeRetentionMs: 3_600_000,
      now: Date.now,
      log: pino({ level: 'silent' }),
      onEnded: () => undefined,
      ...over,
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
    lostAnswers,
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
      const { summary, degraded, replayed = false } = answer;
      return { uid: summary.taskUid, degraded, replayed };
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
