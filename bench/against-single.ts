import { loadCorpus } from '../tests/parity/suites/load.ts';
import { type Cluster, startCluster } from '../tests/support/cluster.ts';
import { type Corpus, products } from '../tests/support/corpus.ts';
import type { Server } from '../tests/support/http.ts';
import { startOracle } from '../tests/support/oracle.ts';
import { type LoadResult, middle, runLoad } from './load.ts';
import { number, ratio, table } from './table.ts';
import { workload } from './workload.ts';

/** How much to do. */
export interface Size {
  documents: number;
  /** Rounds of each load run; the sides take turns. */
  rounds: number;
  /** Milliseconds of one load run. */
  runMs: number;
  /** Searches of the run that measures processor time. */
  cpuSearches: number;
}

/** One side's figures. */
export interface SideResult {
  side: string;
  indexingSeconds: number;
  oneClient: LoadResult;
  eightClients: LoadResult;
}

async function indexingSeconds(server: Server, corpus: Corpus): Promise<number> {
  const at = performance.now();
  await loadCorpus(server, corpus);
  return (performance.now() - at) / 1_000;
}

async function measureSides(sides: readonly [string, Server][], corpus: Corpus, size: Size): Promise<SideResult[]> {
  const indexing: number[] = [];
  for (const [, server] of sides) indexing.push(await indexingSeconds(server, corpus));
  const searches = workload(corpus, 6);
  for (const [, server] of sides) await runLoad(server, searches, 4, { requests: searches.length * 2 });
  const runs = sides.map(
    () =>
      new Map<number, LoadResult[]>([
        [1, []],
        [8, []],
      ]),
  );
  for (let round = 0; round < size.rounds; round++) {
    for (const clients of [1, 8]) {
      for (const [i, [, server]] of sides.entries()) {
        runs[i]?.get(clients)?.push(await runLoad(server, searches, clients, { milliseconds: size.runMs }));
      }
    }
  }
  return sides.map(([side], i) => ({
    side,
    indexingSeconds: indexing[i] ?? Number.NaN,
    oneClient: middle(runs[i]?.get(1) ?? []),
    eightClients: middle(runs[i]?.get(8) ?? []),
  }));
}

/** Indexing and searching through Miroir against one node with the same documents, in the same run, taking turns. */
export async function againstSingle(size: Size): Promise<SideResult[]> {
  const corpus = products(size.documents);
  const started: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(server: T): T => {
    started.push(server);
    return server;
  };
  try {
    const single = keep(await startOracle());
    const one: Cluster = keep(await startCluster({ nodes: 1, miroir: 'child' }));
    const three: Cluster = keep(await startCluster({ nodes: 3, miroir: 'child' }));
    return await measureSides(
      [
        ['one node', single],
        ['Miroir, 1 node', one],
        ['Miroir, 3 nodes', three],
      ],
      corpus,
      size,
    );
  } finally {
    await Promise.all(started.map((server) => server.stop()));
  }
}

/** The figures as a table, each with its ratio to the single node's. */
export function againstSingleTable(results: readonly SideResult[], documents: number): string {
  const base = results[0];
  if (base === undefined) return '';
  const cells = (value: (side: SideResult) => number) =>
    results.map((side) => `${number(value(side))} (${ratio(value(side), value(base))})`);
  const rows: [string, (side: SideResult) => number][] = [
    [`indexing ${documents} documents, s`, (side) => side.indexingSeconds],
    ['search p50, 1 client, ms', (side) => side.oneClient.p50],
    ['search p99, 1 client, ms', (side) => side.oneClient.p99],
    ['searches/s, 1 client', (side) => side.oneClient.perSecond],
    ['search p50, 8 clients, ms', (side) => side.eightClients.p50],
    ['search p99, 8 clients, ms', (side) => side.eightClients.p99],
    ['searches/s, 8 clients', (side) => side.eightClients.perSecond],
  ];
  return table(
    'Against one node (ratio in brackets)',
    ['', ...results.map((side) => side.side)],
    rows.map(([label, value]) => [label, ...cells(value)]),
  );
}
