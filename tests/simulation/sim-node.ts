import { parseShard, shardField } from '../../src/documents/markers.ts';
import type { NodeRequest, NodeResponse } from '../../src/nodes/client.ts';
import { canonical } from '../invariants/history.ts';
import type { Rng } from '../support/rng.ts';
import type { VirtualTime } from './virtual-time.ts';

type Doc = Record<string, unknown> & { id: string };
type Status = 'enqueued' | 'processing' | 'succeeded' | 'failed' | 'canceled';

interface Task {
  uid: number;
  indexUid: string;
  type: string;
  status: Status;
  details: Record<string, unknown>;
  error: object | null;
  enqueuedAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  /** What it does to the node's indexes; returns its details, or null when it needs an index that is not there. */
  work(): Record<string, unknown> | null;
}

/** What survives a crash of the node's process. */
interface Disk {
  tasks: Task[];
  indexes: Map<string, Map<string, Doc>>;
}

const emptyDisk = (): Disk => ({ tasks: [], indexes: new Map() });
const json = (status: number, body: unknown): NodeResponse => ({ status, text: JSON.stringify(body) });
/** Tasks that do not create their index. */
const deletions = ['documentDeletion', 'indexDeletion'];
const notFound = (uid: string) => ({ message: `Index \`${uid}\` not found.`, code: 'index_not_found' });
const isoNow = () => new Date(Date.now()).toISOString();

/**
 * Documents and tasks of one Meilisearch node as Miroir uses them: a queue that is worked off one by one, in order. No
 * search, no settings. A simulation needs thousands of nodes a minute; everything else is tested against real ones.
 */
export class SimNode {
  #disk = emptyDisk();
  #running = false;
  /** Grows with every start, so that work of an earlier life is not finished by a later one. */
  #life = 0;
  up = true;

  constructor(
    readonly id: string,
    private readonly time: VirtualTime,
    private readonly rng: Rng,
  ) {}

  /** The process dies. What it had on disk stays unless `wipe`. */
  crash(wipe: boolean): void {
    this.up = false;
    this.#life++;
    this.#running = false;
    if (wipe) this.#disk = emptyDisk();
    for (const task of this.#disk.tasks) if (task.status === 'processing') task.status = 'enqueued';
  }

  start(): void {
    this.up = true;
    void this.#work();
  }

  /** Which life the process is in. */
  get life(): number {
    return this.#life;
  }

  /** Tasks accepted so far and not yet done. */
  get open(): number {
    return this.#disk.tasks.filter(({ status }) => status === 'enqueued' || status === 'processing').length;
  }

  /** Documents of an index by id, as canonical texts, for each shard. */
  shards(indexUid: string): Map<number, Map<string, string>> {
    const shards = new Map<number, Map<string, string>>();
    for (const doc of this.#disk.indexes.get(indexUid)?.values() ?? []) {
      const shard = parseShard(String(doc[shardField])) ?? -1;
      shards.set(shard, (shards.get(shard) ?? new Map()).set(doc.id, canonical(doc)));
    }
    return shards;
  }

  /** Answer a request, at once. */
  handle(request: NodeRequest): NodeResponse {
    const url = new URL(request.path, 'http://node');
    const [, area = '', uid = '', sub = '', last = ''] = url.pathname.split('/').map(decodeURIComponent);
    const { method } = request;
    if (area === 'health') return json(200, { status: 'available' });
    if (area === 'version') return json(200, { pkgVersion: '1.21.0' });
    if (area === 'tasks') return method === 'GET' ? this.#list(url.searchParams) : this.#cancel(url.searchParams);
    if (area !== 'indexes') return json(404, { message: `no route ${request.path}`, code: 'not_found' });
    const body = request.body === undefined ? null : (JSON.parse(String(request.body)) as unknown);
    if (uid === '') return this.#enqueue((body as { uid: string }).uid, 'indexCreation', this.#create);
    if (method === 'DELETE' && sub === '') {
      return this.#enqueue(uid, 'indexDeletion', (index) => ({ deletedDocuments: index.size }));
    }
    if (method === 'PATCH' || sub === 'settings') return this.#enqueue(uid, 'settingsUpdate', this.#create);
    if (sub === 'documents') return this.#documents(uid, method, last, body);
    return json(404, { message: `no route ${request.path}`, code: 'not_found' });
  }

  #documents(uid: string, method: string, last: string, body: unknown): NodeResponse {
    if (last === 'fetch') return this.#fetch(uid, body as { filter?: string; offset?: number; limit?: number });
    if (last === 'delete-batch') {
      const ids = (body as unknown[]).map(String);
      return this.#enqueue(uid, 'documentDeletion', (index) => {
        const deleted = ids.filter((id) => index.delete(id)).length;
        return { providedIds: ids.length, deletedDocuments: deleted };
      });
    }
    const documents = body as Doc[];
    return this.#enqueue(uid, 'documentAdditionOrUpdate', (index) => {
      for (const doc of documents) {
        const before = method === 'PUT' ? index.get(doc.id) : undefined;
        index.set(doc.id, { ...before, ...doc });
      }
      return { receivedDocuments: documents.length, indexedDocuments: documents.length };
    });
  }

  readonly #create = () => ({});

  #enqueue(indexUid: string, type: string, change: (index: Map<string, Doc>) => Record<string, unknown>): NodeResponse {
    const disk = this.#disk;
    const task: Task = {
      uid: disk.tasks.length,
      indexUid,
      type,
      status: 'enqueued',
      details: {},
      error: null,
      enqueuedAt: isoNow(),
      startedAt: null,
      finishedAt: null,
      work() {
        const known = disk.indexes.get(indexUid);
        if (known === undefined && deletions.includes(type)) return null;
        const index = known ?? new Map<string, Doc>();
        if (type === 'indexDeletion') disk.indexes.delete(indexUid);
        else disk.indexes.set(indexUid, index);
        return change(index);
      },
    };
    disk.tasks.push(task);
    void this.#work();
    return json(202, { taskUid: task.uid, indexUid, status: 'enqueued', type, enqueuedAt: task.enqueuedAt });
  }

  /** Work off the queue, one task after the other. */
  async #work(): Promise<void> {
    if (this.#running || !this.up) return;
    this.#running = true;
    const life = this.#life;
    for (;;) {
      const task = this.#disk.tasks.find(({ status }) => status === 'enqueued');
      if (task === undefined) break;
      task.status = 'processing';
      task.startedAt = isoNow();
      await this.time.sleep(1 + this.rng.int(30));
      if (life !== this.#life) return;
      if (task.status === 'processing') {
        const details = task.work();
        task.details = details ?? {};
        task.status = details === null ? 'failed' : 'succeeded';
        if (details === null) task.error = notFound(task.indexUid);
      }
      task.finishedAt = isoNow();
    }
    this.#running = false;
  }

  #list(query: URLSearchParams): NodeResponse {
    const uids = query.get('uids')?.split(',').map(Number);
    const indexes = query.get('indexUids')?.split(',');
    const types = query.get('types')?.split(',');
    const statuses = query.get('statuses')?.split(',');
    const from = Number(query.get('from') ?? Number.POSITIVE_INFINITY);
    const limit = Number(query.get('limit') ?? 20);
    const found = this.#disk.tasks.filter(
      (task) =>
        task.uid <= from &&
        (uids?.includes(task.uid) ?? true) &&
        (indexes?.includes(task.indexUid) ?? true) &&
        (types?.includes(task.type) ?? true) &&
        (statuses?.includes(task.status) ?? true),
    );
    const newest = found.reverse();
    const results = newest.slice(0, limit).map(({ work: _, ...task }) => task);
    const next = newest[limit]?.uid ?? null;
    return json(200, { results, total: found.length, limit, from: results[0]?.uid ?? null, next });
  }

  #cancel(query: URLSearchParams): NodeResponse {
    const uids = query.get('uids')?.split(',').map(Number) ?? [];
    for (const task of this.#disk.tasks) {
      if (uids.includes(task.uid) && task.status === 'enqueued') task.status = 'canceled';
    }
    return this.#enqueue('', 'taskCancelation', this.#create);
  }

  /** Documents in the order of writing, those of some shards if the filter names any. */
  #fetch(uid: string, query: { filter?: string; offset?: number; limit?: number }): NodeResponse {
    const index = this.#disk.indexes.get(uid);
    if (index === undefined) return json(404, notFound(uid));
    const { filter, offset = 0, limit = 20 } = query;
    const markers = filter === undefined ? null : new Set([...filter.matchAll(/"([^"]+)"/g)].map((match) => match[1]));
    const found = [...index.values()].filter((doc) => markers?.has(String(doc[shardField])) ?? true);
    return json(200, { results: found.slice(offset, offset + limit), offset, limit, total: found.length });
  }
}
