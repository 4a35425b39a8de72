import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { simulateAll } from './pool.ts';

const usage = `npm run simulate -- [--seed N] [--runs N] [--processes N]

Runs seeded schedules of a simulated cluster on virtual time: seeds N, N+1, ... in as many processes as there are cores.
Ends at the first seed that breaks an invariant and tells how to run it again; the result is the same with any number of
processes.`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '7' },
    runs: { type: 'string', default: '1000' },
    processes: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean' },
  },
});
const [first, runs, processes] = [values.seed, values.runs, values.processes].map(Number) as [number, number, number];
const countable = [first, runs, processes].every(Number.isInteger) && runs > 0 && processes > 0;
if (values.help === true || !countable) {
  console.info(usage);
  process.exit(values.help === true ? 0 : 2);
}

const started = performance.now();
/** Says how far it is, on a line that writes over itself; nothing where no one watches. */
const onDone = (done: number) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${runs} schedules${done === runs ? '\n' : ''}`);
};
const { acknowledged, broken } = await simulateAll({ first, runs, processes, onDone });
if (broken !== null) {
  if (process.stderr.isTTY) console.error('');
  console.error([`seed ${broken.seed} broke:`, ...broken.findings.map((text) => `  ${text}`)].join('\n'));
  console.error(['what happened:', ...broken.events.map((text) => `  ${text}`)].join('\n'));
  console.error(`again: npm run simulate -- --seed ${broken.seed} --runs 1`);
  process.exit(1);
}
const seconds = (performance.now() - started) / 1_000;
const perMinute = Math.round((runs / seconds) * 60);
console.info(
  `${runs} schedules from seed ${first}, ${acknowledged} acknowledged writes, ${perMinute} schedules a minute: nothing lost`,
);
