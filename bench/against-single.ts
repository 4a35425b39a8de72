import { nodeMasterKey } from '../tests/support/cluster.ts';
import { type Corpus, products } from '../tests/support/corpus.ts';
import { type Server, send } from '../tests/support/http.ts';
import { startOracle } from '../tests/support/oracle.ts';
import { federate, federatedSearch } from './federation.ts';
import { measureIndexing } from './indexing.ts';
import { type BenchSearch, type LoadResult, middle, runLoad, type Until } from './load.ts';
import { addressOf, startScript } from './script.ts';
import { middleOf, number, ratio, table } from './table.ts';
import { type SearchBody, searchOf, type Workload, workload } from './workload.ts';

/** How much to do. */
export interface Size {
  documents: number;
  /** Rounds of each measurement; the sides take turns. */
  rounds: number;
  /** Milliseconds of one load run. */
  runMs: number;
  /** Searches of each kind before the first that counts: the compiler takes thousands to be done with a proxy. */
  warmUp: number;
}

/** How many clients search at the same time. */
export const clientCounts = [1, 8, 32] as const;

/** One side's figures. */
export interface SideResult {
  side: string;
  /** One figure for each round; null where the documents are another side's. */
  indexingSeconds: readonly number[] | null;
  /** By workload and number of clients, as `cheap/8`. */
  searches: Record<string, LoadResult>;
}

/** Somebody who answers searches. */
interface Side {
  name: string;
  server: Server;
  toSearch(body: SearchBody): BenchSearch;
}

const kinds: readonly Workload[] = ['cheap', 'expensive'];

async function loadAll(side: Side, bodies: readonly SearchBody[], clients: number, until: Until): Promise<LoadResult> {
  const load = await runLoad(side.server, bodies.map(side.toSearch), clients, until);
  if (load.errors > 0) throw new Error(`${side.name}: ${load.errors} of ${load.requests} searches failed`);
  return load;
}

/** The sides take turns, so that what else the machine does hits them alike. */
async function measureSearches(sides: readonly Side[], corpus: Corpus, { rounds, runMs, warmUp }: Size) {
  const results = new Map(sides.map((side) => [side, {} as Record<string, LoadResult>]));
  for (const kind of kinds) {
    const bodies = workload(corpus, kind, 6);
    for (const side of sides) await loadAll(side, bodies, 8, { requests: warmUp });
    for (const clients of clientCounts) {
      const runs = new Map(sides.map((side) => [side, [] as LoadResult[]]));
      for (let round = 0; round < rounds; round++) {
        for (const side of sides) runs.get(side)?.push(await loadAll(side, bodies, clients, { milliseconds: runMs }));
      }
      for (const side of sides) (results.get(side) ?? {})[`${kind}/${clients}`] = middle(runs.get(side) ?? []);
    }
  }
  return results;
}

async function physicalUid(node: Server): Promise<string> {
  const { results } = JSON.parse((await send(node, { method: 'GET', path: '/indexes' })).text) as {
    results: { uid: string }[];
  };
  return results[0]?.uid ?? '';
}

/**
 * Searching and indexing through Miroir against one node with the same documents, and against Meilisearch's own federation
 * (asked at one of Miroir's nodes, and at one more in front of them) and a bare fan-out over the nodes, all in the same run.
 */
export async function againstSingle(size: Size): Promise<SideResult[]> {
  const corpus = products(size.documents);
  const started: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    started.push(one);
    return one;
  };
  const search = (uid: string) => (body: SearchBody) => searchOf(uid, body);
  try {
    const { seconds, single, cluster } = await measureIndexing(corpus, size.rounds);
    keep(single);
    keep(cluster);
    const nodes = cluster.nodes.map(({ address }) => ({ address, masterKey: nodeMasterKey }));
    const [first] = nodes;
    if (first === undefined) throw new Error('no nodes');
    const uid = await physicalUid(first);
    const front = keep(await startOracle());
    for (const asked of [first, front]) await federate(asked, nodes);
    const fanOut = keep(
      await startScript(
        'fan-out',
        nodes.map(({ address }) => address),
      ),
    );
    const sides: Side[] = [
      { name: 'one node', server: single, toSearch: search(corpus.uid) },
      { name: 'Miroir', server: cluster, toSearch: search(corpus.uid) },
      { name: 'Meilisearch federation', server: first, toSearch: federatedSearch(uid, nodes.length) },
      { name: 'federation in front', server: front, toSearch: federatedSearch(uid, nodes.length) },
      { name: 'bare fan-out', server: { ...first, address: addressOf(fanOut) }, toSearch: search(uid) },
    ];
    const searches = await measureSearches(sides, corpus, size);
    const indexing: Record<string, number[]> = {
      'one node': seconds.single,
      Miroir: seconds.miroir,
      'bare fan-out': seconds.direct,
    };
    return sides.map((side) => ({
      side: side.name,
      indexingSeconds: indexing[side.name] ?? null,
      searches: searches.get(side) ?? {},
    }));
  } finally {
    await Promise.all(started.map((one) => one.stop()));
  }
}

/** How long Miroir took to index against another side, for each round; null where that side indexed nothing. */
export function indexingTimes(miroir: SideResult, other: SideResult): number[] | null {
  const { indexingSeconds: theirs } = other;
  if (theirs === null || miroir.indexingSeconds === null) return null;
  return miroir.indexingSeconds.map((own, round) => own / (theirs[round] ?? Number.NaN));
}

/** Ratios of Miroir's figures to those of the other sides, by name. */
export function endToEndRatios(results: readonly SideResult[]): Record<string, number> {
  const miroir = results.find(({ side }) => side === 'Miroir');
  const ratios: Record<string, number> = {};
  for (const other of results) {
    if (miroir === undefined || other === miroir) continue;
    const times = indexingTimes(miroir, other);
    if (times !== null) ratios[`indexing speed against ${other.side}`] = 1 / middleOf(times);
    for (const [name, load] of Object.entries(other.searches)) {
      const own = miroir.searches[name];
      if (own === undefined) continue;
      ratios[`${name} p50 against ${other.side}`] = own.p50 / load.p50;
      ratios[`${name} searches/s against ${other.side}`] = own.perSecond / load.perSecond;
    }
  }
  return ratios;
}

/** The figures as a table, each with its ratio to the single node's. */
export function againstSingleTable(results: readonly SideResult[], documents: number): string {
  const base = results[0];
  if (base === undefined) return '';
  const cells = (value: (side: SideResult) => number) =>
    results.map((side) => `${number(value(side))} (${ratio(value(side), value(base))})`);
  const rows: [string, (side: SideResult) => number][] = [
    [`indexing ${documents} documents, s`, (side) => middleOf(side.indexingSeconds ?? [])],
  ];
  for (const kind of kinds) {
    for (const clients of clientCounts) {
      const of = (side: SideResult) => side.searches[`${kind}/${clients}`];
      const who = `${kind}, ${clients} ${clients === 1 ? 'client' : 'clients'}`;
      rows.push([`${who}: searches/s`, (side) => of(side)?.perSecond ?? Number.NaN]);
      rows.push([`${who}: p50, ms`, (side) => of(side)?.p50 ?? Number.NaN]);
      rows.push([`${who}: p95, ms`, (side) => of(side)?.p95 ?? Number.NaN]);
      rows.push([`${who}: p99, ms`, (side) => of(side)?.p99 ?? Number.NaN]);
    }
  }
  return table(
    'End to end (ratio to one node in brackets)',
    ['', ...results.map((side) => side.side)],
    rows.map(([label, value]) => [label, ...cells(value)]),
  );
}
