import { parseArgs } from 'node:util';
import { initHash } from '../../src/placement/hash.ts';
import { type RunResult, runScenario } from './run.ts';
import { scenarios } from './scenarios/all.ts';
import { resultTable } from './table.ts';

const usage = `npm run faults -- [--seed N] [--minutes N] [--scenario NAME] [--logs FOLDER] [--list]

Breaks real Miroir processes and real nodes under load and checks that nothing is lost.
--minutes is for all scenarios together; each is run once at least.`;

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value >= 0) || !Number.isFinite(value)) fail(`--${name} must be a number from 0, not ${text}\n\n${usage}`);
  return value;
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        seed: { type: 'string', default: '7' },
        minutes: { type: 'string', default: '0' },
        scenario: { type: 'string' },
        logs: { type: 'string', default: 'fault-logs' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${usage}`);
  }
}

const { seed, minutes, scenario, logs, list, help } = readArguments();
if (help) {
  console.info(usage);
  process.exit(0);
}
if (list) {
  for (const { name, faults, passes } of scenarios)
    console.info(`${name.padEnd(18)} ${faults}\n${' '.repeat(19)}${passes}`);
  process.exit(0);
}
const chosen = scenarios.filter(({ name }) => scenario === undefined || name === scenario);
if (chosen.length === 0) fail(`there is no scenario ${scenario}; --list names them`);

// Whatever was started goes when this process exits, but not when a signal ends it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await initHash();
const isRoot = process.getuid?.() === 0;
const results: RunResult[] = [];
for (const one of chosen) {
  if (one.needsRoot === true && !isRoot) {
    console.warn(`LEFT OUT: ${one.name}, which only root can run (it needs a small file system of its own)`);
    continue;
  }
  console.info(`${one.name}: ${one.faults} (seed ${seed})`);
  const seconds = (positive(minutes, 'minutes') * 60) / chosen.length;
  results.push(await runScenario(one, { seed: positive(seed, 'seed'), seconds, isTimed: true, logsFolder: logs }));
}
console.info(resultTable(results));
process.exitCode = results.some(({ findings }) => findings.length > 0) ? 1 : 0;
