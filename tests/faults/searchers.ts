import { setTimeout as sleep } from 'node:timers/promises';
import { canonical, type Doc } from '../invariants/history.ts';
import { checkDocuments, checkMarked, checkOnce } from '../invariants/invariants.ts';
import { type RawAnswer, type Server, send } from '../support/http.ts';
import { createRng, type Rng } from '../support/rng.ts';
import { baseCount, indexUid, liveIds, searchWord } from './data.ts';
import type { RunLog } from './run-log.ts';

/** How searches are made. */
export interface SearchersOptions {
  searchers: number;
  /** Milliseconds from one search of a client to its next. */
  everyMs: number;
}

interface SearchBody {
  hits: Doc[];
  totalHits?: number;
  facetDistribution?: { category?: Record<string, number> };
}

const degradedOf = (answer: RawAnswer): string | null => {
  const value = answer.headers['x-miroir-degraded'];
  return value === undefined ? null : String(value);
};

/** Searches and reads until `signal` is aborted, judging every answer by what must hold at that moment. */
export async function runSearchers(
  server: Server,
  log: RunLog,
  rng: Rng,
  options: SearchersOptions,
  signal: AbortSignal,
): Promise<void> {
  /** Answers about untouched documents, by request, as they were when first complete. */
  const known = new Map<string, string>();

  /** Ask, and note how long it took and what came. */
  async function ask(path: string, body: unknown | null): Promise<RawAnswer | null> {
    const startedAt = performance.now();
    const request =
      body === null ? { method: 'GET' as const } : { method: 'POST' as const, body: JSON.stringify(body) };
    let why: string | null = null;
    const answer = await send(server, { path: `/indexes/${indexUid}${path}`, ...request }).catch((error: Error) => {
      why = error.message;
      return null;
    });
    const good = answer !== null && (answer.status === 200 || (body === null && answer.status === 404));
    if (answer !== null && !good) why = `${answer.status} ${answer.text.slice(0, 200)}`;
    const lacks = answer === null ? null : degradedOf(answer);
    if (good && lacks !== null) why = `it lacks ${lacks}`;
    const outcome = !good ? 'failed' : lacks !== null ? 'partial' : 'complete';
    log.searches.push({
      kind: body === null ? 'read' : 'search',
      startedAt,
      ms: performance.now() - startedAt,
      outcome,
      answered: answer !== null,
      why,
    });
    return good ? answer : null;
  }

  async function search(query: Record<string, unknown>): Promise<{ answer: RawAnswer; body: SearchBody } | null> {
    const answer = await ask('/search', query);
    if (answer === null) return null;
    const body = JSON.parse(answer.text) as SearchBody;
    const ids = body.hits.map((hit) => hit.id);
    log.report('double', checkOnce(`the answer to ${JSON.stringify(query)}`, ids));
    return { answer, body };
  }

  /** Untouched documents: total and facets are known. */
  async function countBase(own: Rng): Promise<void> {
    const page = own.between(1, 6);
    const query = { filter: 'owner = base', page, hitsPerPage: 50, facets: ['category'] };
    const found = await search(query);
    if (found === null) return;
    const facets = Object.values(found.body.facetDistribution?.category ?? {}).reduce((sum, n) => sum + n, 0);
    for (const [what, total] of [
      ['a search for untouched documents', found.body.totalHits ?? -1],
      ['the facets of untouched documents', facets],
    ] as const) {
      const { answer } = found;
      log.report(
        'lost',
        checkMarked({ what, status: answer.status, degraded: degradedOf(answer), total, expected: baseCount }),
      );
    }
  }

  /** Untouched documents by a word: the same ones each time. */
  async function searchBase(own: Rng): Promise<void> {
    const query = { q: searchWord(own), filter: 'owner = base', limit: baseCount, attributesToRetrieve: ['id'] };
    const found = await search(query);
    if (found === null || degradedOf(found.answer) !== null) return;
    const key = JSON.stringify(query);
    const hits = canonical(found.body.hits.map((hit) => hit.id).sort());
    const before = known.get(key) ?? hits;
    known.set(key, before);
    if (before !== hits) log.report('lost', [`${key} found ${hits.slice(0, 200)} and before ${before.slice(0, 200)}`]);
  }

  /** A living document that nobody is writing: it is what its writes made it. */
  async function readLive(own: Rng): Promise<void> {
    const id = own.pick(liveIds);
    const version = log.version(id);
    const states = log.settled(id);
    if (states === null) return;
    const answer = await ask(`/documents/${id}`, null);
    if (answer === null || degradedOf(answer) !== null || log.version(id) !== version) return;
    const seen = answer.status === 404 ? [] : [[id, canonical(JSON.parse(answer.text))] as const];
    const { lost, resurrected } = checkDocuments(new Map([[id, states]]), new Map(seen));
    log.report(
      'lost',
      lost.map((text) => `read while running: ${text}`),
    );
    log.report(
      'resurrected',
      resurrected.map((text) => `read while running: ${text}`),
    );
  }

  /** All living documents: none of those settled as deleted is among them. */
  async function searchLive(): Promise<void> {
    const before = new Map(liveIds.map((id) => [id, { version: log.version(id), states: log.settled(id) }]));
    const found = await search({
      filter: 'owner = live',
      sort: ['n:desc'],
      limit: 1_000,
      attributesToRetrieve: ['id'],
    });
    for (const { id } of found?.body.hits ?? []) {
      const known = before.get(id);
      if (known?.states?.size !== 1 || !known.states.has(null) || known.version !== log.version(id)) continue;
      log.report('resurrected', [`${id} was deleted and is found by a search`]);
    }
  }

  async function client(own: Rng): Promise<void> {
    while (!signal.aborted) {
      const next = performance.now() + options.everyMs * (0.5 + own.next());
      const roll = own.next();
      await (roll < 0.35 ? countBase(own) : roll < 0.65 ? searchBase(own) : roll < 0.9 ? readLive(own) : searchLive());
      await sleep(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => undefined);
    }
  }

  await Promise.all(Array.from({ length: options.searchers }, () => client(createRng(rng.int(2 ** 31)))));
}
