import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { againstSingle, againstSingleTable, type Size } from './against-single.ts';
import { moves, movesTable } from './moves.ts';
import { ownWork, ownWorkTable } from './own-work.ts';

/**
 * `npm run bench [-- --quick] [-- --json file]`: everything is measured in one run, as ratios against something else in it.
 * With `--moves` only what moving copies costs.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    moves: { type: 'boolean', default: false },
    json: { type: 'string', default: '.miroir/bench.json' },
  },
});

const size: Size = values.quick
  ? { documents: 5_000, rounds: 2, runMs: 1_500, cpuSearches: 1_500 }
  : { documents: 20_000, rounds: 3, runMs: 3_000, cpuSearches: 4_000 };

async function measureSearches() {
  const single = await againstSingle(size);
  console.info(againstSingleTable(single, size.documents));
  const own = await ownWork(size);
  console.info(ownWorkTable(own));
  return { size, single, own };
}

async function measureMoves() {
  const wanted = { documents: size.documents, calmMs: 2 * size.runMs };
  const results = await moves(wanted);
  console.info(movesTable(results, wanted.documents));
  return { size: wanted, moves: results };
}

const started = Date.now();
const results = await (values.moves ? measureMoves() : measureSearches());

const file = resolve(values.json);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(
  file,
  `${JSON.stringify({ node: process.version, cores: cpus().length, seconds: (Date.now() - started) / 1_000, ...results }, null, 2)}\n`,
);
console.info(
  `\n${cpus().length} cores, Node.js ${process.version}, ${Math.round((Date.now() - started) / 1_000)} s; figures in ${file}`,
);
process.exit(0);
