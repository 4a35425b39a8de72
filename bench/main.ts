import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { againstSingle, againstSingleTable, type Size } from './against-single.ts';
import { ownWork, ownWorkTable } from './own-work.ts';

/** `npm run bench [-- --quick] [-- --json file]`: everything is measured in one run, as ratios against something else in it. */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string', default: '.miroir/bench.json' } },
});

const size: Size = values.quick
  ? { documents: 5_000, rounds: 2, runMs: 1_500, cpuSearches: 1_500 }
  : { documents: 20_000, rounds: 3, runMs: 3_000, cpuSearches: 4_000 };

const started = Date.now();
const single = await againstSingle(size);
console.info(againstSingleTable(single, size.documents));
const own = await ownWork(size);
console.info(ownWorkTable(own));

const file = resolve(values.json);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(
  file,
  `${JSON.stringify({ node: process.version, cores: cpus().length, seconds: (Date.now() - started) / 1_000, size, single, own }, null, 2)}\n`,
);
console.info(
  `\n${cpus().length} cores, Node.js ${process.version}, ${Math.round((Date.now() - started) / 1_000)} s; figures in ${file}`,
);
process.exit(0);
