import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ratios } from './baseline.ts';
import { masterKey, type Side, startCannedMiroir } from './canned-miroir.ts';
import { cpuMilliseconds, peakMegabytes, residentMegabytes } from './cpu.ts';
import { cpuPerSearch, type Effort, searchesOf, usual } from './hot-path.ts';
import { addressOf, startScript } from './script.ts';
import { middleOf, number, type Spread, spreadOf, table } from './table.ts';
import { workerCosts } from './workers.ts';

/** What something costs, against something simpler in the same run. */
export interface Cost {
  name: string;
  against: string;
  ratio: Spread;
}

const nodes = 3;
const batchMegabytes = 50;
/** Layouts of the same index over the same nodes; the first is what the others are held against. */
const layouts = [
  { shards: 16, replicationFactor: 1 },
  { shards: 16, replicationFactor: 2 },
  { shards: 4_096, replicationFactor: 1 },
  { shards: 4_096, replicationFactor: 2 },
] as const;

type Layout = (typeof layouts)[number];
type Miroir = Awaited<ReturnType<typeof startCannedMiroir>>;

const nameOf = ({ shards, replicationFactor }: Layout) => `${shards} shards, ${replicationFactor} of each copy`;
const constant = (value: number): Spread => ({ middle: value, least: value, most: value });

/** Milliseconds that Node.js takes to start and end with nothing to do. */
function emptyProcessMs(): number {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - started;
  });
  return middleOf(times);
}

async function searchCosts(sides: readonly Miroir[], { rounds, searches }: Effort): Promise<Cost[]> {
  const asked = searchesOf(usual);
  const times = sides.map((): number[] => []);
  for (const side of sides) await cpuPerSearch(side, asked, 3 * searches);
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) times[i]?.push(await cpuPerSearch(side, asked, searches));
  }
  const [first = []] = times;
  return layouts.slice(1).map((layout, i) => ({
    name: `CPU per search, ${nameOf(layout)}`,
    against: nameOf(layouts[0]),
    ratio: spreadOf((times[i + 1] ?? []).map((time, round) => time / (first[round] ?? Number.NaN))),
  }));
}

/** About as many documents as make up the batch, as JSON. */
function batchBody(): string {
  const text = 'a shop window shows every product that visitors may want to see today '.repeat(13);
  const count = Math.floor((batchMegabytes * 1_000_000) / (text.length + 30));
  return JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, title: `Product ${id}`, text })));
}

/** Seconds until the answer and of processor time, and megabytes more than before, for one large batch. */
async function sendBatch(side: Side, body: string) {
  const [cpu, memory] = [cpuMilliseconds(side.pid), residentMegabytes(side.pid)];
  const started = performance.now();
  const headers = { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' };
  const answer = await fetch(`${side.address}/indexes/x/documents`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${side.address} answered ${answer.status} to a batch of ${batchMegabytes} MB`);
  return {
    ms: performance.now() - started,
    cpuMs: cpuMilliseconds(side.pid) - cpu,
    megabytes: peakMegabytes(side.pid) - memory,
  };
}

async function batchCosts(miroir: Side, passThrough: Side, rounds: number): Promise<Cost[]> {
  const body = batchBody();
  const ours: Awaited<ReturnType<typeof sendBatch>>[] = [];
  const theirs: typeof ours = [];
  for (let round = 0; round < rounds; round++) {
    theirs.push(await sendBatch(passThrough, body));
    ours.push(await sendBatch(miroir, body));
  }
  const against = (pick: (one: (typeof ours)[number]) => number) =>
    spreadOf(ours.map((one, i) => pick(one) / pick(theirs[i] ?? one)));
  const batch = `a batch of ${batchMegabytes} MB`;
  return [
    { name: `time to accept ${batch}`, against: 'passing it on', ratio: against(({ ms }) => ms) },
    { name: `CPU for ${batch}`, against: 'passing it on', ratio: against(({ cpuMs }) => cpuMs) },
    {
      name: `most memory for ${batch}`,
      against: 'its size',
      ratio: constant(Math.max(...ours.map(({ megabytes }) => megabytes)) / batchMegabytes),
    },
  ];
}

/** What copies, many shards, several processes, large batches, memory and starting cost, over nodes that answer from memory. */
export async function costs(effort: Effort): Promise<Cost[]> {
  const folder = await mkdtemp(join(tmpdir(), 'miroir-bench-'));
  const started: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const canned = keep(await startScript('canned-nodes', [nodes, usual.hitBytes]));
    const addresses = JSON.parse(canned.ready) as string[];
    const script = keep(await startScript('pass-through', addresses.slice(0, 1)));
    const passThrough = { address: addressOf(script), pid: script.pid };
    const sides: Miroir[] = [];
    for (const layout of layouts) {
      const own = await mkdtemp(join(folder, 'side-'));
      sides.push(keep(await startCannedMiroir({ addresses, folder: own, ...layout })));
    }
    const [first] = sides as [Miroir];
    const readyMs = first.readyMs / emptyProcessMs();
    const search = await searchCosts(sides, effort);
    await cpuPerSearch(passThrough, searchesOf(usual), effort.searches);
    const memory = residentMegabytes(first.pid) / residentMegabytes(passThrough.pid);
    return [
      { name: 'start-up', against: 'an empty Node.js process', ratio: constant(readyMs) },
      { name: 'memory under searches', against: 'a pass-through', ratio: constant(memory) },
      ...search,
      ...(await batchCosts(first, passThrough, Math.min(3, effort.rounds))),
      ...(await workerCosts(effort)),
    ];
  } finally {
    for (const one of started.reverse()) await one.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The figures as a table. */
export function costsTable(results: readonly Cost[]): string {
  return table(
    'What sizes cost, nodes answering from memory (least-most)',
    ['', 'ratio', 'against'],
    results.map(({ name, against, ratio: { middle, least, most } }) => [
      name,
      least === most ? `${number(middle)}x` : `${number(middle)}x (${number(least)}-${number(most)})`,
      against,
    ]),
  );
}

/** For the baseline. */
export function costRatios(results: readonly Cost[]): Ratios {
  return Object.fromEntries(results.map(({ name, against, ratio }) => [`${name} against ${against}`, ratio.middle]));
}
