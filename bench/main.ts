import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { againstSingle, againstSingleTable, endToEndRatios } from './against-single.ts';
import { type Ratios, readBaseline, regressions, writeBaseline } from './baseline.ts';
import { drawCharts } from './charts.ts';
import { costRatios, costs, costsTable } from './costs.ts';
import { caseName, hotPath, hotPathCases, hotPathTable } from './hot-path.ts';
import { moves, movesTable } from './moves.ts';
import { writeReport } from './report.ts';

/**
 * `npm run bench [-- --quick] [--only hot-path|end-to-end|costs|moves] [--json file] [--check] [--record] [--charts]`: everything is
 * measured in one run, as ratios against something else in it. What moving copies costs is measured only when it is named.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string', default: '.miroir/bench.json' },
    check: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    charts: { type: 'boolean', default: false },
  },
});

const wanted = (part: string) => (values.only === undefined ? part !== 'moves' : values.only === part);
const size = values.quick
  ? { documents: 5_000, moved: 5_000, rounds: 2, runMs: 1_500, warmUp: 300 }
  : { documents: 60_000, moved: 20_000, rounds: 3, runMs: 3_000, warmUp: 2_000 };
const effort = values.quick ? { rounds: 4, searches: 600 } : { rounds: 7, searches: 1_500 };

const started = Date.now();
const hot = wanted('hot-path') ? await hotPath(hotPathCases, effort) : [];
if (hot.length > 0) console.info(hotPathTable(hot));
const single = wanted('end-to-end') ? await againstSingle(size) : [];
if (single.length > 0) console.info(againstSingleTable(single, size.documents));
const sizes = wanted('costs') ? await costs(effort) : [];
if (sizes.length > 0) console.info(costsTable(sizes));
const moved = wanted('moves') ? await moves({ documents: size.moved, calmMs: 2 * size.runMs }) : [];
if (moved.length > 0) console.info(movesTable(moved, size.moved));

const ratios: Ratios = {
  ...Object.fromEntries(hot.map((one) => [`CPU per search, ${caseName(one)}`, one.best])),
  ...endToEndRatios(single),
  ...costRatios(sizes),
};
const seconds = Math.round((Date.now() - started) / 1_000);
const file = resolve(values.json);
mkdirSync(dirname(file), { recursive: true });
const results = { node: process.version, cores: cpus().length, seconds, size, hot, single, sizes, moved, ratios };
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
console.info(`\n${results.cores} cores, Node.js ${results.node}, ${seconds} s; figures in ${file}`);
if (values.charts) {
  drawCharts({ hot, single });
  writeReport({ hot, single, sizes });
}
if (values.record) writeBaseline(ratios);
if (values.check) {
  const worse = regressions(ratios, readBaseline());
  for (const line of worse) console.error(`worse than bench/baseline.json: ${line}`);
  if (worse.length > 0) process.exit(1);
}
process.exit(0);
