import { parseShard, shardField } from '../../src/documents/markers.ts';
import type { NodeRequest, NodeResponse } from '../../src/nodes/client.ts';
import { canonical } from '../invariants/history.ts';
import type { Rng } from '../support/rng.ts';
import {
  copyDisk,
  emptyDisk,
  newSimIndex,
  patchSettings,
  type SimDoc,
  type SimIndex,
  type SimTask,
  type TaskOutcome,
} from './sim-disk.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What `POST /documents/fetch` asks for. */
interface Fetch {
  ids?: string[];
  filter?: string;
  offset?: number;
  limit?: number;
}

const json = (status: number, body: unknown): NodeResponse => ({ status, text: JSON.stringify(body) });
const notFound = (uid: string) => ({ message: `Index \`${uid}\` not found.`, code: 'index_not_found' });
const taskNotFound = (uid: string) => ({ message: `Task \`${uid}\` not found.`, code: 'task_not_found' });
const alreadyExists = (uid: string) => ({ message: `Index \`${uid}\` already exists.`, code: 'index_already_exists' });
const isoNow = () => new Date(Date.now()).toISOString();
const done = (details: Record<string, unknown> = {}): TaskOutcome => ({ details });
const isOpen = ({ status }: SimTask) => status === 'enqueued' || status === 'processing';
/** A task as the node shows it. */
const shown = ({ work: _, ...task }: SimTask) => task;

/** Whether a document passes a filter by shards, `_miroir_shard IN ["..", ".."]` with or without `NOT` before it. */
function shardTest(filter: string): (doc: SimDoc) => boolean {
  const markers = new Set([...filter.matchAll(/"([^"]+)"/g)].map((match) => match[1]));
  const wanted = !filter.startsWith('NOT ');
  return (doc) => markers.has(String(doc[shardField])) === wanted;
}

/**
 * Documents, settings and tasks of one Meilisearch node as Miroir uses them: a queue that is worked off one by one, in order.
 * No search. A simulation needs thousands of nodes a minute; everything else is tested against real ones.
 */
export class SimNode {
  #disk = emptyDisk();
  #backup = emptyDisk();
  #running = false;
  /** Grows with every start, so that work of an earlier life is not finished by a later one. */
  #life = 0;
  up = true;

  constructor(
    readonly id: string,
    private readonly time: VirtualTime,
    private readonly rng: Rng,
  ) {}

  /** The process dies. It comes back with the disk it had, or with another one. */
  crash(disk: 'same' | 'empty' | 'backup'): void {
    this.up = false;
    this.#life++;
    this.#running = false;
    if (disk === 'empty') this.#disk = emptyDisk();
    if (disk === 'backup') this.#disk = copyDisk(this.#backup);
    for (const task of this.#disk.tasks) if (task.status === 'processing') task.status = 'enqueued';
  }

  start(): void {
    this.up = true;
    void this.#work();
  }

  /** Keep the disk as it is now, to come back with it some day. */
  backUp(): void {
    this.#backup = copyDisk(this.#disk);
  }

  /** Which life the process is in. */
  get life(): number {
    return this.#life;
  }

  /** Tasks accepted so far and not yet done. */
  get open(): number {
    return this.#disk.tasks.filter(isOpen).length;
  }

  /** Documents of an index by id, as canonical texts, for each shard; those without one have -1. */
  shards(indexUid: string): Map<number, Map<string, string>> {
    const shards = new Map<number, Map<string, string>>();
    for (const doc of this.#disk.indexes.get(indexUid)?.documents.values() ?? []) {
      const shard = parseShard(String(doc[shardField])) ?? -1;
      shards.set(shard, (shards.get(shard) ?? new Map()).set(doc.id, canonical(doc)));
    }
    return shards;
  }

  /** Settings of an index as a canonical text; null when the node does not have it. */
  settings(indexUid: string): string | null {
    const index = this.#disk.indexes.get(indexUid);
    return index === undefined ? null : canonical(index.settings);
  }

  /** Answer a request, at once. */
  handle(request: NodeRequest): NodeResponse {
    const url = new URL(request.path, 'http://node');
    const [, area = '', uid = '', sub = '', last = ''] = url.pathname.split('/').map(decodeURIComponent);
    if (area === 'health') return json(200, { status: 'available' });
    if (area === 'version') return json(200, { pkgVersion: '1.21.0' });
    const body = request.body === undefined ? null : (JSON.parse(String(request.body)) as unknown);
    if (area === 'tasks' && request.method === 'GET')
      return uid === '' ? this.#list(url.searchParams) : this.#task(uid);
    if (area === 'indexes' && uid === '') return this.#indexes(request.method, body);
    if (area === 'indexes' && sub === '') return this.#index(request.method, uid);
    if (area === 'indexes' && sub === 'settings') return this.#settings(request.method, uid, body);
    if (area === 'indexes' && sub === 'documents') return this.#documents(uid, request.method, last, body);
    throw new Error(`simulated nodes know no ${request.method} ${request.path}`);
  }

  #indexes(method: string, body: unknown): NodeResponse {
    if (method === 'GET') return json(200, { results: [...this.#disk.indexes.keys()].map((uid) => ({ uid })) });
    const { uid, primaryKey = null } = body as { uid: string; primaryKey?: string };
    return this.#enqueue(uid, 'indexCreation', ({ indexes }) => {
      if (indexes.has(uid)) return { error: alreadyExists(uid) };
      indexes.set(uid, newSimIndex(primaryKey));
      return done();
    });
  }

  #index(method: string, uid: string): NodeResponse {
    if (method === 'GET') return this.#of(uid, ({ primaryKey }) => ({ uid, primaryKey }));
    return this.#enqueue(uid, 'indexDeletion', ({ indexes }) => {
      const index = indexes.get(uid);
      if (index === undefined) return { error: notFound(uid) };
      indexes.delete(uid);
      return done({ deletedDocuments: index.documents.size });
    });
  }

  #settings(method: string, uid: string, body: unknown): NodeResponse {
    if (method === 'GET') return this.#of(uid, ({ settings }) => settings);
    return this.#change(uid, 'settingsUpdate', (index) => {
      patchSettings(index, body as Record<string, unknown>);
      return done();
    });
  }

  #documents(uid: string, method: string, last: string, body: unknown): NodeResponse {
    if (last === 'fetch') return this.#of(uid, (index) => this.#fetch(index, body as Fetch));
    if (last === 'delete-batch') {
      const ids = (body as unknown[]).map(String);
      return this.#enqueue(uid, 'documentDeletion', ({ indexes }) => {
        const index = indexes.get(uid);
        if (index === undefined) return { error: notFound(uid) };
        const deletedDocuments = ids.filter((id) => index.documents.delete(id)).length;
        return done({ providedIds: ids.length, deletedDocuments });
      });
    }
    if (last !== '') throw new Error(`simulated nodes know no /documents/${last}`);
    const documents = body as SimDoc[];
    return this.#change(uid, 'documentAdditionOrUpdate', (index) => {
      index.primaryKey ??= 'id';
      for (const doc of documents) {
        const before = method === 'PUT' ? index.documents.get(doc.id) : undefined;
        index.documents.set(doc.id, { ...before, ...doc });
      }
      return done({ receivedDocuments: documents.length, indexedDocuments: documents.length });
    });
  }

  /** What an index is asked, or that it is not there. */
  #of(uid: string, answer: (index: SimIndex) => unknown): NodeResponse {
    const index = this.#disk.indexes.get(uid);
    return index === undefined ? json(404, notFound(uid)) : json(200, answer(index));
  }

  /** A task that makes its index when there is none. */
  #change(uid: string, type: string, change: (index: SimIndex) => TaskOutcome): NodeResponse {
    return this.#enqueue(uid, type, ({ indexes }) => {
      const index = indexes.get(uid) ?? newSimIndex(null);
      indexes.set(uid, index);
      return change(index);
    });
  }

  #enqueue(indexUid: string, type: string, work: SimTask['work']): NodeResponse {
    const task: SimTask = {
      uid: this.#disk.tasks.length,
      indexUid,
      type,
      status: 'enqueued',
      details: {},
      error: null,
      enqueuedAt: isoNow(),
      startedAt: null,
      finishedAt: null,
      work,
    };
    this.#disk.tasks.push(task);
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
      const outcome = task.work(this.#disk);
      if ('error' in outcome) Object.assign(task, { status: 'failed', error: outcome.error });
      else Object.assign(task, { status: 'succeeded', details: outcome.details });
      task.finishedAt = isoNow();
    }
    this.#running = false;
  }

  #task(uid: string): NodeResponse {
    const task = this.#disk.tasks[Number(uid)];
    return task === undefined ? json(404, taskNotFound(uid)) : json(200, shown(task));
  }

  #list(query: URLSearchParams): NodeResponse {
    const among = (name: string) => query.get(name)?.split(',');
    const [uids, indexes, statuses] = [among('uids'), among('indexUids'), among('statuses')];
    const limit = Number(query.get('limit') ?? 20);
    const { tasks } = this.#disk;
    const asked = uids === undefined ? tasks : uids.flatMap((uid) => tasks[Number(uid)] ?? []);
    const found = asked
      .filter((task) => (indexes?.includes(task.indexUid) ?? true) && (statuses?.includes(task.status) ?? true))
      .sort((a, b) => a.uid - b.uid);
    const ordered = query.get('reverse') === 'true' ? found : found.reverse();
    return json(200, { results: ordered.slice(0, limit).map(shown), total: found.length, limit });
  }

  /** Documents in the order of writing: those with some ids, or of some shards, if any are named. */
  #fetch(index: SimIndex, { ids, filter, offset = 0, limit = 20 }: Fetch): object {
    const passes = filter === undefined ? () => true : shardTest(filter);
    const found = [...index.documents.values()].filter((doc) => (ids?.includes(doc.id) ?? true) && passes(doc));
    return { results: found.slice(offset, offset + limit), offset, limit, total: found.length };
  }
}
