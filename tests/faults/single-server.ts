import { canonical, isCertain, possibleStates } from '../invariants/history.ts';
import { type RawRequest, type Server, send, waitForTask } from '../support/http.ts';
import { startOracle } from '../support/oracle.ts';
import { createRng, type Rng } from '../support/rng.ts';
import { baseDocuments, indexUid, liveIds, requestOf, searchWord, settings } from './data.ts';
import type { Lab } from './lab.ts';
import { allDocuments, wholeAnswer } from './node-content.ts';
import type { RunLog } from './run-log.ts';

/** Searches whose whole answers are compared, but for the order of hits of equal rank. */
const comparisons = 25;

async function enqueue(server: Server, request: RawRequest): Promise<number> {
  const answer = await send(server, request);
  if (answer.status !== 202) throw new Error(`${request.path} answered ${answer.status}: ${answer.text}`);
  return (JSON.parse(answer.text) as { taskUid: number }).taskUid;
}

/** Give a server the index, its settings and the untouched documents; resolves when they are there. */
export async function loadIndex(server: Server, seed: number): Promise<void> {
  const create = JSON.stringify({ uid: indexUid, primaryKey: 'id' });
  await enqueue(server, { method: 'POST', path: '/indexes', body: create });
  const path = `/indexes/${indexUid}/settings`;
  await enqueue(server, { method: 'PATCH', path, body: JSON.stringify(settings) });
  const last = await enqueue(server, requestOf({ kind: 'replace', documents: baseDocuments(seed) }));
  const task = await waitForTask(server, last);
  if (task.status !== 'succeeded') throw new Error(`loading failed: ${JSON.stringify(task.error)}`);
}

/** The acknowledged writes in task order; documents about which a client cannot know are made what Miroir has. */
async function replay(single: Server, lab: Lab, log: RunLog): Promise<void> {
  const acknowledged = log.writes
    .filter((write) => write.outcome === 'acknowledged' && write.status === 'succeeded')
    .sort((a, b) => (a.taskUid ?? 0) - (b.taskUid ?? 0));
  let last: number | null = null;
  for (const write of acknowledged) last = await enqueue(single, requestOf(write.op));
  const doubtful = liveIds.filter((id) => !isCertain(possibleStates(id, log.writes, null)));
  const held = new Map((await allDocuments(lab, indexUid)).map((doc) => [doc.id, doc]));
  const there = doubtful.flatMap((id) => held.get(id) ?? []);
  const gone = doubtful.filter((id) => !held.has(id));
  if (there.length > 0) last = await enqueue(single, requestOf({ kind: 'replace', documents: there }));
  if (gone.length > 1) last = await enqueue(single, requestOf({ kind: 'delete', ids: gone }));
  else if (gone.length === 1) last = await enqueue(single, requestOf({ kind: 'delete', ids: gone }));
  if (last !== null) await waitForTask(single, last);
}

function searches(rng: Rng): Record<string, unknown>[] {
  const facets = ['category', 'batch', 'owner'];
  return Array.from({ length: comparisons }, (_, i) => ({
    q: i % 5 === 0 ? '' : searchWord(rng),
    facets,
    page: 1,
    hitsPerPage: 1_000,
    ...(i % 3 === 0 ? { filter: `owner = live AND batch IN [${rng.int(25)}, ${rng.int(25)}]` } : {}),
    ...(i % 4 === 0 ? { sort: ['n:desc'] } : {}),
  }));
}

/** What is compared of an answer: all but times, and hits as a set. */
function essence(text: string): string {
  const {
    hits,
    processingTimeMs: _,
    requestUid: __,
    ...rest
  } = JSON.parse(text) as { hits: { id: string }[] } & Record<string, unknown>;
  return canonical({ ...rest, hits: hits.map((hit) => canonical(hit)).sort() });
}

/** The whole index equals that of one plain Meilisearch which took the same acknowledged writes in task order. */
export async function checkAgainstSingle(lab: Lab, log: RunLog, seed: number): Promise<void> {
  const single = await startOracle();
  try {
    await loadIndex(single, seed);
    await replay(single, lab, log);
    const [expected, got] = await Promise.all([single, lab].map((server) => allDocuments(server, indexUid)));
    const text = (list: typeof expected) => (list ?? []).map(canonical).sort();
    const [want, have] = [text(expected), text(got)];
    if (canonical(want) !== canonical(have)) {
      const missing = want.filter((one) => !have.includes(one)).slice(0, 2);
      const surplus = have.filter((one) => !want.includes(one)).slice(0, 2);
      log.report('diverged', [
        `one server has ${want.length} documents, Miroir ${have.length}; missing ${missing}; surplus ${surplus}`,
      ]);
    }
    for (const query of searches(createRng(seed))) {
      const request = { method: 'POST', path: `/indexes/${indexUid}/search`, body: JSON.stringify(query) } as const;
      const [one, many] = await Promise.all([wholeAnswer(single, request), wholeAnswer(lab, request)]);
      if (essence(one) === essence(many)) continue;
      log.report('diverged', [`${request.body} differs from one server's answer`]);
    }
    const paths = [`/indexes/${indexUid}/settings`, `/indexes/${indexUid}/stats`];
    for (const path of paths) {
      const texts = [single, lab].map((server) => wholeAnswer(server, { method: 'GET', path }));
      const [one, many] = (await Promise.all(texts)).map((text) => JSON.parse(text) as Record<string, unknown>);
      const known = (value: Record<string, unknown> | undefined) =>
        canonical({ ...value, rawDocumentDbSize: 0, avgDocumentSize: 0, isIndexing: false });
      if (known(one) !== known(many)) log.report('diverged', [`${path}: ${known(many)} instead of ${known(one)}`]);
    }
  } finally {
    await single.stop();
  }
}
