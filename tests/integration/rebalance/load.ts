import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type RawRequest, type Server, send, sendJson, type TaskView, waitForTask } from '../../support/http.ts';
import { createRng } from '../../support/rng.ts';

/** The index that everybody writes to and searches. */
export const uid = 'moving';
/** Documents that nobody touches: every answer about them is known. */
export const untouched = 400;
const path = `/indexes/${uid}/documents`;
const writers = 2;
/** With no more writes or searches than this, a test has shown nothing. */
const leastSeen = 5;

export const settings = {
  filterableAttributes: ['id', 'kind', 'writer', 'n', 'color'],
  sortableAttributes: ['n'],
  searchableAttributes: ['text'],
};
const colors = ['amber', 'birch', 'coral'];

interface Doc {
  id: string;
  kind: 'base' | 'live';
  writer: number;
  n: number;
  color: string;
  text: string;
}

function document(id: string, kind: Doc['kind'], writer: number, n: number): Doc {
  return { id, kind, writer, n, color: colors[n % 3] as string, text: `${kind} words of number ${n}` };
}

export const baseDocuments = (): Doc[] => Array.from({ length: untouched }, (_, i) => document(`b${i}`, 'base', -1, i));

/** What load may put up with. */
export interface LoadOptions {
  /** Miroir or all copies of a shard may be away for a while: searches may fail, or be marked as incomplete. */
  tolerant?: boolean;
}

/** Writers, deleters and searchers at work. */
export interface Load {
  /** Resolves once everybody has had the last answer and all tasks have ended on both servers; throws what went wrong. */
  stop(): Promise<{ writes: number; searches: number }>;
}

/** Sends the same writes to both, in the same order for each document, and searches meanwhile. */
export function startLoad(cluster: Server, oracle: Server, { tolerant = false }: LoadOptions = {}): Load {
  const end = new AbortController();
  // every deletion that is followed waits for it
  setMaxListeners(0, end.signal);
  const wrong: string[] = [];
  /** Ids whose deletion has ended; they are never written again. */
  const gone = new Set<string>();
  const tasks: { cluster: number[]; oracle: number[] } = { cluster: [], oracle: [] };
  let [writes, searches] = [0, 0];

  /** Sent again with its key until it is answered, where that is allowed. */
  async function accepted(request: RawRequest, key: string): Promise<number | null> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const answer = await send(cluster, { ...request, headers: { 'idempotency-key': key } }).catch(() => null);
      if (answer?.status === 202) return (JSON.parse(answer.text) as { taskUid: number }).taskUid;
      if (!tolerant) {
        wrong.push(`a write was not accepted: ${answer?.status} ${answer?.text.slice(0, 300)}`);
        return null;
      }
      await sleep(150);
    }
    wrong.push('a write was never accepted');
    return null;
  }

  async function write(request: RawRequest, key: string): Promise<number | null> {
    const uidHere = await accepted(request, key);
    if (uidHere === null) return null;
    writes++;
    tasks.cluster.push(uidHere);
    const there = await send(oracle, request);
    tasks.oracle.push((JSON.parse(there.text) as { taskUid: number }).taskUid);
    return uidHere;
  }

  async function writer(w: number): Promise<void> {
    const rng = createRng(1_000 + w);
    let alive: string[] = [];
    for (let n = 0; !end.signal.aborted; n++) {
      const roll = rng.next();
      const key = `w${w}-${n}`;
      const body = (value: unknown) => JSON.stringify(value);
      if (roll < 0.5 || alive.length < 8) {
        const fresh = Array.from({ length: rng.between(1, 5) }, (_, i) => document(`l${w}-${n}-${i}`, 'live', w, n));
        await write({ method: 'POST', path, body: body(fresh) }, key);
        alive.push(...fresh.map(({ id }) => id));
      } else if (roll < 0.7) {
        const some = rng.sample(alive, Math.min(4, alive.length)).map((id) => ({ id, more: n }));
        await write({ method: 'PUT', path, body: body(some) }, key);
      } else {
        const some = rng.sample(alive, Math.min(3, alive.length));
        const filter = `writer = ${w} AND id IN [${some.join(', ')}]`;
        const request: RawRequest =
          roll < 0.9
            ? { method: 'POST', path: `${path}/delete-batch`, body: body(some) }
            : { method: 'POST', path: `${path}/delete`, body: body({ filter }) };
        const task = await write(request, key);
        alive = alive.filter((id) => !some.includes(id));
        if (task !== null) void noteGone(task, some);
      }
      await sleep(rng.between(400, 1_200), undefined, { signal: end.signal }).catch(() => undefined);
    }
  }

  async function noteGone(task: number, ids: readonly string[]): Promise<void> {
    for (let looks = 0; looks < 100 && !end.signal.aborted; looks++) {
      await sleep(500, undefined, { signal: end.signal }).catch(() => undefined);
      const ended = await sendJson<TaskView>(cluster, 'GET', `/tasks/${task}`).catch(() => null);
      if (ended?.status !== 'succeeded') continue;
      for (const id of ids) gone.add(id);
      return;
    }
  }

  interface Answer {
    hits: { id: string }[];
    totalHits: number;
    facetDistribution?: Record<string, Record<string, number>>;
  }

  async function search(query: object): Promise<Answer | null> {
    const body = JSON.stringify(query);
    const answer = await send(cluster, { method: 'POST', path: `/indexes/${uid}/search`, body }).catch(() => null);
    searches++;
    const degraded = answer?.headers['x-miroir-degraded'];
    if (answer?.status === 200 && degraded === undefined) return JSON.parse(answer.text) as Answer;
    if (!tolerant) wrong.push(`a search was answered ${answer?.status} ${degraded} ${answer?.text.slice(0, 300)}`);
    return null;
  }

  function checkOnce(answer: Answer | null, what: string): string[] {
    const ids = answer?.hits.map(({ id }) => id) ?? [];
    if (new Set(ids).size !== ids.length) wrong.push(`${what} has an id twice`);
    return ids;
  }

  async function searcher(s: number): Promise<void> {
    const rng = createRng(5_000 + s);
    while (!end.signal.aborted) {
      const query = { q: rng.pick(['', 'base', 'words']), filter: 'kind = base', facets: ['color'] };
      const found = await search({ ...query, page: rng.between(1, 4), hitsPerPage: 100 });
      checkOnce(found, 'a page of untouched documents');
      const facets = Object.values(found?.facetDistribution?.color ?? {}).reduce((sum, count) => sum + count, 0);
      if (found !== null && (found.totalHits !== untouched || facets !== untouched)) {
        wrong.push(`${JSON.stringify(query)} found ${found.totalHits}, facets ${facets}`);
      }
      const goneBefore = new Set(gone);
      const live = await search({ filter: 'kind = live', page: 1, hitsPerPage: 2_000 });
      const back = checkOnce(live, 'the list of living documents').filter((id) => goneBefore.has(id));
      if (back.length > 0) wrong.push(`deleted documents are found: ${back.slice(0, 5).join(', ')}`);
      await sleep(rng.between(200, 700), undefined, { signal: end.signal }).catch(() => undefined);
    }
  }

  const everybody = Promise.all([
    ...Array.from({ length: writers }, (_, w) => writer(w)),
    ...Array.from({ length: 2 }, (_, s) => searcher(s)),
  ]);
  everybody.catch(() => undefined);

  return {
    async stop() {
      // a short test goes on until it has seen something
      for (let waits = 0; waits < 300 && (writes <= leastSeen || searches <= leastSeen); waits++) await sleep(100);
      end.abort();
      await everybody;
      for (const [server, uids] of [
        [cluster, tasks.cluster],
        [oracle, tasks.oracle],
      ] as const) {
        const failed = (await Promise.all(uids.map((task) => waitForTask(server, task)))).filter(
          ({ status }) => status !== 'succeeded',
        );
        for (const task of failed) wrong.push(`task ${task.uid} ${task.status}: ${JSON.stringify(task.error)}`);
      }
      if (wrong.length > 0) throw new Error(`${wrong.length} things were wrong: ${wrong.slice(0, 5).join('\n')}`);
      expect(writes).toBeGreaterThan(leastSeen);
      expect(searches).toBeGreaterThan(leastSeen);
      return { writes, searches };
    },
  };
}

/** All documents of an index, by id, as clients see them. */
export async function allDocuments(server: Server, index: string): Promise<Map<string, unknown>> {
  const { results } = await sendJson<{ results: { id: string | number }[] }>(
    server,
    'POST',
    `/indexes/${index}/documents/fetch`,
    { limit: 100_000 },
  );
  const byId = new Map(results.map((doc) => [String(doc.id), doc]));
  expect(byId.size).toBe(results.length);
  return byId;
}
