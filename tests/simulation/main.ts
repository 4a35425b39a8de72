import { parseArgs } from 'node:util';
import { initHash } from '../../src/placement/hash.ts';
import { pending } from './pending.ts';
import { simulate } from './simulate.ts';

const usage = `npm run simulate -- [--seed N] [--runs N]

Runs seeded schedules of a simulated cluster on virtual time: seeds N, N+1, ... Ends at the first that breaks an
invariant and tells how to run it again.`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '7' },
    runs: { type: 'string', default: '1000' },
    help: { type: 'boolean' },
  },
});
const [first, runs] = [Number(values.seed), Number(values.runs)];
if (values.help === true || !Number.isInteger(first) || !Number.isInteger(runs)) {
  console.info(usage);
  process.exit(values.help === true ? 0 : 2);
}

await initHash();
const started = performance.now();
let acknowledged = 0;
/** Says how far it is, on a line that writes over itself; nothing where no one watches. */
const showProgress = (done: number) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${runs} schedules${done === runs ? '\n' : ''}`);
};
for (let seed = first; seed < first + runs; seed++) {
  const result = await simulate({ seed, ...pending });
  acknowledged += result.acknowledged;
  if (result.findings.length === 0) {
    showProgress(seed - first + 1);
    continue;
  }
  if (process.stderr.isTTY) console.error('');
  console.error([`seed ${seed} broke:`, ...result.findings.map((text) => `  ${text}`)].join('\n'));
  console.error(['what happened:', ...result.events.map((text) => `  ${text}`)].join('\n'));
  console.error(`again: npm run simulate -- --seed ${seed} --runs 1`);
  process.exit(1);
}
const seconds = (performance.now() - started) / 1_000;
const perMinute = Math.round((runs / seconds) * 60);
console.info(
  `${runs} schedules from seed ${first}, ${acknowledged} acknowledged writes, ${perMinute} schedules a minute: nothing lost`,
);
