import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { masterKey, type Side, startCannedMiroir } from './canned-miroir.ts';
import { cpuMilliseconds, residentMegabytes } from './cpu.ts';
import { type BenchSearch, runLoad } from './load.ts';
import { addressOf, type Script, startScript } from './script.ts';
import { middleOf, number, type Spread, spreadOf, table } from './table.ts';

/** One kind of search over one kind of nodes. */
export interface HotPathCase {
  nodes: number;
  hitBytes: number;
  limit: number;
  offset: number;
  facets: boolean;
  highlight: boolean;
}

/** Processor time for a search of one kind, in microseconds, and against that of a proxy that passes one node's answer on. */
export interface HotPathResult extends HotPathCase {
  passThrough: number;
  miroir: number;
  /** Miroir's best round against the proxy's best: what else the machine does only adds, so this repeats best. */
  best: number;
  /** Ratios of one round each. */
  miroirRatio: Spread;
  parseMergeRatio: Spread;
  fanOutRatio: Spread;
  residentMb: number;
}

/** A search as most are. */
export const usual: HotPathCase = { nodes: 3, hitBytes: 1_000, limit: 20, offset: 0, facets: false, highlight: false };

/** How long to measure: rounds in which the sides take turns, and searches of each in a round. */
export interface Effort {
  rounds: number;
  searches: number;
}

/** What is varied, one thing at a time, and the large answer of the issue of every proxy: many long documents. */
export const hotPathCases: readonly HotPathCase[] = [
  ...[1, 3, 6, 12, 24].map((nodes) => ({ ...usual, nodes })),
  { ...usual, hitBytes: 10_000 },
  { ...usual, limit: 100 },
  { ...usual, offset: 900 },
  { ...usual, facets: true },
  { ...usual, highlight: true },
  { ...usual, hitBytes: 10_000, limit: 100 },
  { ...usual, hitBytes: 10_000, offset: 900 },
  { ...usual, nodes: 24, offset: 900 },
];

/** Rounds before the first that counts: the compiler takes some thousand searches to be done with Miroir. */
const warmUp = 3;

/** The searches of a case. */
export function searchesOf({ limit, offset, facets, highlight }: HotPathCase): BenchSearch[] {
  const more = {
    ...(facets ? { facets: ['brand', 'tags'] } : {}),
    ...(highlight ? { attributesToHighlight: ['*'] } : {}),
  };
  const words = ['shop', 'window', 'visitors', 'product', 'today', 'engine', 'search', 'shows'];
  return words.map((q) => ({ path: '/indexes/x/search', body: JSON.stringify({ q, limit, offset, ...more }) }));
}

/** Microseconds of processor time per search. */
export async function cpuPerSearch(side: Side, searches: readonly BenchSearch[], count: number): Promise<number> {
  const before = cpuMilliseconds(side.pid);
  const load = await runLoad({ address: side.address, masterKey }, searches, 8, { requests: count });
  if (load.errors > 0) throw new Error(`${load.errors} of ${load.requests} searches failed at ${side.address}`);
  return (1_000 * (cpuMilliseconds(side.pid) - before)) / load.requests;
}

async function measure(which: HotPathCase, sides: Record<string, Side>, rounds: number, count: number) {
  const searches = searchesOf(which);
  const costs: Record<string, number[]> = {};
  for (const side of Object.values(sides)) await cpuPerSearch(side, searches, warmUp * count);
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of Object.entries(sides)) {
      costs[name] = [...(costs[name] ?? []), await cpuPerSearch(side, searches, count)];
    }
  }
  const against = (name: string) => spreadOf((costs[name] ?? []).map((one, i) => one / (costs.passThrough?.[i] ?? 1)));
  const least = (name: string) => Math.min(...(costs[name] ?? []));
  return {
    best: least('miroir') / least('passThrough'),
    passThrough: middleOf(costs.passThrough ?? []),
    miroir: middleOf(costs.miroir ?? []),
    miroirRatio: against('miroir'),
    parseMergeRatio: against('parseMerge'),
    fanOutRatio: against('fanOut'),
  };
}

async function runCase(which: HotPathCase, rounds: number, count: number): Promise<HotPathResult> {
  const folder = await mkdtemp(join(tmpdir(), 'miroir-bench-'));
  const started: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    started.push(one);
    return one;
  };
  const side = (script: Script): Side => ({ address: addressOf(script), pid: script.pid });
  try {
    const canned = keep(await startScript('canned-nodes', [which.nodes, which.hitBytes]));
    const addresses = JSON.parse(canned.ready) as string[];
    const sides = {
      passThrough: side(keep(await startScript('pass-through', addresses.slice(0, 1)))),
      fanOut: side(keep(await startScript('fan-out', addresses))),
      parseMerge: side(keep(await startScript('parse-merge', addresses))),
      miroir: keep(await startCannedMiroir({ addresses, folder, shards: 32, replicationFactor: 1 })),
    };
    const measured = await measure(which, sides, rounds, count);
    return { ...which, ...measured, residentMb: residentMegabytes(sides.miroir.pid) };
  } finally {
    for (const one of started.reverse()) await one.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Searches that keep a measurement of large answers about as long as one of small ones. */
function searchesPerRound({ nodes, hitBytes, limit, offset }: HotPathCase, most: number): number {
  const bytes = nodes * hitBytes * (limit + offset);
  return Math.max(25, Math.min(most, Math.round((most * 200_000) / bytes)));
}

/** Processor time inside Miroir per search, with nodes that answer from memory. */
export async function hotPath(cases: readonly HotPathCase[], { rounds, searches }: Effort): Promise<HotPathResult[]> {
  const results: HotPathResult[] = [];
  for (const which of cases) results.push(await runCase(which, rounds, searchesPerRound(which, searches)));
  return results;
}

const times = ({ middle, least, most }: Spread) => `${number(middle)}x (${number(least)}-${number(most)})`;

/** What a case is called in tables, charts and the baseline. */
export function caseName({ nodes, hitBytes, limit, offset, facets, highlight }: HotPathCase): string {
  const parts = [`${nodes} ${nodes === 1 ? 'node' : 'nodes'}`, `${hitBytes / 1_000} kB hits`, `limit ${limit}`];
  return [
    ...parts,
    ...(offset > 0 ? [`offset ${offset}`] : []),
    ...(facets ? ['facets'] : []),
    ...(highlight ? ['highlighted'] : []),
  ].join(', ');
}

/** The figures as a table. */
export function hotPathTable(results: readonly HotPathResult[]): string {
  return table(
    'Processor time per search, nodes answering from memory, against passing one node’s answer on (least-most)',
    [
      '',
      'Miroir',
      'best rounds',
      'fan-out without merging',
      'parse, merge, serialise',
      'Miroir, µs',
      'passing on, µs',
      'memory MB',
    ],
    results.map((one) => [
      caseName(one),
      times(one.miroirRatio),
      `${number(one.best)}x`,
      times(one.fanOutRatio),
      times(one.parseMergeRatio),
      number(one.miroir),
      number(one.passThrough),
      number(one.residentMb),
    ]),
  );
}
