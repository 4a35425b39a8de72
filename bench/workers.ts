import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { masterKey, startCannedMiroir } from './canned-miroir.ts';
import type { Cost } from './costs.ts';
import { type Effort, type HotPathCase, searchesOf, usual } from './hot-path.ts';
import { runLoad } from './load.ts';
import { startScript } from './script.ts';
import { spreadOf } from './table.ts';

/** Values of `server.workers`; the first is what the others are held against. */
const counts = [1, 2, 4] as const;
const clients = 16;

/** As most are, and one over which Miroir has most of the work. */
const cases: readonly (HotPathCase & { name: string })[] = [
  { ...usual, name: 'usual searches' },
  { ...usual, limit: 10, facets: true, name: 'searches with facets' },
];

/** Milliseconds for so many searches of so many clients. */
async function timeFor(address: string, which: HotPathCase, searches: number): Promise<number> {
  const load = await runLoad({ address, masterKey }, searchesOf(which), clients, { requests: searches });
  if (load.errors > 0) throw new Error(`${load.errors} of ${load.requests} searches failed at ${address}`);
  return load.seconds * 1_000;
}

/**
 * How much sooner several processes on one port are done with the same searches, nodes answering from memory. Nodes, clients and
 * Miroir share the machine's cores.
 */
export async function workerCosts({ rounds, searches }: Effort): Promise<Cost[]> {
  const folder = await mkdtemp(join(tmpdir(), 'miroir-bench-'));
  const started: { stop(): Promise<void> }[] = [];
  try {
    const canned = await startScript('canned-nodes', [usual.nodes, usual.hitBytes]);
    started.push(canned);
    const addresses = JSON.parse(canned.ready) as string[];
    const sides: string[] = [];
    for (const workers of counts) {
      const own = await mkdtemp(join(folder, 'side-'));
      const side = await startCannedMiroir({ addresses, folder: own, shards: 32, replicationFactor: 1, workers });
      started.push(side);
      sides.push(side.address);
    }
    const results: Cost[] = [];
    for (const which of cases) {
      for (const side of sides) await timeFor(side, which, 3 * searches);
      const times = sides.map((): number[] => []);
      for (let round = 0; round < rounds; round++) {
        for (const [i, side] of sides.entries()) times[i]?.push(await timeFor(side, which, searches));
      }
      const [first = []] = times;
      for (const [i, workers] of counts.entries()) {
        if (i === 0) continue;
        const ratio = spreadOf((times[i] ?? []).map((time, round) => time / (first[round] ?? Number.NaN)));
        results.push({ name: `time for ${which.name}, ${workers} workers`, against: 'one process', ratio });
      }
    }
    return results;
  } finally {
    for (const one of started.reverse()) await one.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
