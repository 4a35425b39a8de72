import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ratios } from './baseline.ts';
import { batchCosts } from './batches.ts';
import { startCannedMiroir } from './canned-miroir.ts';
import { residentMegabytes } from './cpu.ts';
import { cpuPerSearch, type Effort, searchesOf, usual } from './hot-path.ts';
import { addressOf, startScript } from './script.ts';
import { constant, middleOf, number, type Spread, spreadOf, table } from './table.ts';
import { workerCosts } from './workers.ts';

/** What something costs, against something simpler in the same run. */
export interface Cost {
  name: string;
  against: string;
  ratio: Spread;
}

const nodes = 3;
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
      ...(await batchCosts(sides.slice(0, 2), passThrough, Math.min(3, effort.rounds))),
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
