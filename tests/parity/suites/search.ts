import { type Difference, diff, diffAnswers, parseAnswer } from '../../support/compare.ts';
import type { Corpus } from '../../support/corpus.ts';
import { type RawAnswer, type Server, send } from '../../support/http.ts';
import type { Raw } from '../../support/raw-json.ts';
import type { Report } from '../../support/report.ts';
import { queryString, type SearchCase } from '../../support/requests.ts';
import { alignTies, rankedHits } from '../../support/ties.ts';

/** Send one search to a server. */
export function ask(server: Server, uid: string, search: SearchCase): Promise<RawAnswer> {
  const path = `/indexes/${uid}/${search.route ?? 'search'}`;
  return search.via === 'GET'
    ? send(server, { method: 'GET', path: `${path}?${queryString(search.body)}` })
    : send(server, { method: 'POST', path, body: JSON.stringify(search.body) });
}

/** Key order is part of the answer in these objects; inside documents it is not. */
const ordered = (path: string) =>
  path === '$' ||
  path === '$.facetDistribution' ||
  path === '$.facetStats' ||
  /^\$\.facetDistribution\.[^[]+$/.test(path);

function looseFields({ estimated }: SearchCase): ReadonlySet<string> {
  return new Set(['processingTimeMs', ...(estimated ?? [])]);
}

function pageOf(body: Record<string, unknown>, hits: number): { startsAtZero: boolean; isFull: boolean } {
  const number = (value: unknown, fallback: number) => (typeof value === 'number' ? value : fallback);
  if (body.page !== undefined || body.hitsPerPage !== undefined) {
    return { startsAtZero: number(body.page, 1) <= 1, isFull: hits >= number(body.hitsPerPage, 20) };
  }
  // A page that ends at maxTotalHits is cut as well: with an offset near it, fewer hits than `limit` are still a full page.
  const offset = number(body.offset, 0);
  return { startsAtZero: offset === 0, isFull: hits >= number(body.limit, 20) || offset + hits >= 1_000 };
}

/** Differences that remain once hits of equal rank are brought into the oracle's order; null when the order itself differs. */
async function differencesBeyondTies(
  oracle: Server,
  subject: Server,
  corpus: Corpus,
  search: SearchCase,
  answers: readonly [RawAnswer, RawAnswer],
): Promise<Difference[] | null> {
  const ranked: SearchCase = {
    ...search,
    via: 'POST',
    body: { ...search.body, attributesToRetrieve: [corpus.primaryKey], showRankingScoreDetails: true },
  };
  const [expected, got] = await Promise.all([ask(oracle, corpus.uid, ranked), ask(subject, corpus.uid, ranked)]);
  const [wanted, given] = [rankedHits(expected.text, corpus.primaryKey), rankedHits(got.text, corpus.primaryKey)];
  if (wanted.some((hit) => hit.id === 'null')) return null; // the settings hide the primary key
  const positions = alignTies(wanted, given, pageOf(search.body, wanted.length));
  if (positions === null) return null;
  const [left, right] = answers.map((answer) => parseAnswer(answer.text));
  if (!(left instanceof Map) || !(right instanceof Map)) return null;
  const hits = [left.get('hits'), right.get('hits')];
  if (!Array.isArray(hits[0]) || !Array.isArray(hits[1]) || hits[0].length !== positions.length) return null;
  const kept: [Raw[], Raw[]] = [[], []];
  for (const [i, at] of positions.entries()) {
    if (at === null) continue;
    kept[0].push(hits[0][i] ?? null);
    kept[1].push(hits[1][at] ?? null);
  }
  return diff(new Map(left).set('hits', kept[0]), new Map(right).set('hits', kept[1]), {
    loose: looseFields(search),
    ordered,
  });
}

/** Send one search to both sides and record whether the answers are equal, exactly or up to the order of hits of equal rank. */
export async function compareSearch(
  oracle: Server,
  subject: Server,
  corpus: Corpus,
  search: SearchCase,
  report: Report,
): Promise<void> {
  const answers = await Promise.all([ask(oracle, corpus.uid, search), ask(subject, corpus.uid, search)]);
  const options = { loose: looseFields(search), ordered };
  const strict = diffAnswers(answers[0], answers[1], options);
  const label = `${search.via} ${corpus.uid} ${JSON.stringify(search.body)}`;
  const orderMayDiffer = answers[0].status === 200 && answers[1].status === 200;
  if (strict.length === 0 || !orderMayDiffer) {
    report.add(search.category, label, strict);
    return;
  }
  const rest = await differencesBeyondTies(oracle, subject, corpus, search, answers);
  report.add(search.category, label, rest ?? strict, rest?.length === 0);
}

/** Compare all cases one after the other, a few at a time. */
export async function compareSearches(
  oracle: Server,
  subject: Server,
  corpus: Corpus,
  cases: readonly SearchCase[],
  report: Report,
): Promise<void> {
  const queue = [...cases];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await compareSearch(oracle, subject, corpus, next, report);
    }
  };
  await Promise.all([worker(), worker()]);
}

/** Walk all pages of a search: together they must hold each hit once, and as many as one large page. */
export async function walkPages(
  server: Server,
  uid: string,
  body: Record<string, unknown>,
  pageSize: number,
): Promise<string[]> {
  const ids: string[] = [];
  for (let offset = 0; ; offset += pageSize) {
    const answer = await send(server, {
      method: 'POST',
      path: `/indexes/${uid}/search`,
      body: JSON.stringify({ ...body, offset, limit: pageSize, attributesToRetrieve: ['id'] }),
    });
    const { hits } = JSON.parse(answer.text) as { hits: { id: number | string }[] };
    ids.push(...hits.map((hit) => String(hit.id)));
    if (hits.length < pageSize) return ids;
  }
}
