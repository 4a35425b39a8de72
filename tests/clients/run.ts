import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { renderTable } from '../../src/cli/table.ts';
import { startCluster } from '../support/cluster.ts';
import type { Server } from '../support/http.ts';
import { startOracle } from '../support/oracle.ts';
import { run } from './commands.ts';
import { cache, type Program, programs } from './programs.ts';

/**
 * Runs Meilisearch's official clients against Miroir; see README.md beside this file.
 *
 * Arguments: names of clients (default: all), and `--single` to run them against one Meilisearch instead.
 * `MIROIR_CLIENTS_REQUIRED=1` makes a missing toolchain a failure.
 */
const arguments_ = process.argv.slice(2);
const single = arguments_.includes('--single');
const names = arguments_.filter((argument) => !argument.startsWith('--'));
const required = process.env.MIROIR_CLIENTS_REQUIRED === '1';
const minute = 60_000;

interface Result {
  name: string;
  outcome: 'passed' | 'failed' | 'left out';
  /** Steps that went as told. */
  steps: number;
  seconds: number;
  note: string;
}

async function missingTool(program: Program): Promise<string | null> {
  for (const tool of program.tools) {
    const { ok } = await run({ argv: tool, directory: import.meta.dirname }, minute);
    if (!ok) return tool[0];
  }
  return null;
}

/** Installs and builds; null when all is there, else why not. */
async function prepare(program: Program): Promise<Omit<Result, 'name'> | null> {
  const missing = await missingTool(program);
  if (missing !== null) {
    return { outcome: required ? 'failed' : 'left out', steps: 0, seconds: 0, note: `${missing} is not here` };
  }
  for (const command of program.prepare) {
    const { ok, output } = await run(command, 15 * minute);
    if (ok) continue;
    process.stdout.write(output);
    return { outcome: 'failed', steps: 0, seconds: 0, note: `${command.argv[0]} failed while preparing` };
  }
  return null;
}

async function tell(program: Program, server: Server, oracle: Server): Promise<Result> {
  const started = performance.now();
  const command = program.story();
  const env = {
    ...command.env,
    STORY_URL: server.address,
    STORY_KEY: server.masterKey,
    STORY_PREFIX: program.name,
    STORY_KEY_UID: randomUUID(),
    STORY_ORACLE_URL: oracle.address,
    STORY_ORACLE_KEY: oracle.masterKey,
  };
  const { ok, output } = await run({ ...command, env }, 5 * minute);
  process.stdout.write(output.replaceAll(/^(?=.)/gm, `${program.name}: `));
  return {
    name: program.name,
    outcome: ok ? 'passed' : 'failed',
    steps: output.match(/^ok /gm)?.length ?? 0,
    seconds: (performance.now() - started) / 1000,
    note: ok ? '' : (output.trim().split('\n').at(-1) ?? ''),
  };
}

/** All of them, two at a time: the machine runs the servers as well. */
async function tellAll(list: readonly Program[], server: Server, oracle: Server): Promise<Result[]> {
  const waiting = [...list];
  const results: Result[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.push(await tell(next, server, oracle));
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}

function report(results: readonly Result[]): void {
  const rows = results.map(({ name, outcome, steps, seconds, note }) => [
    name,
    outcome,
    steps,
    seconds.toFixed(1),
    note,
  ]);
  console.log(`\n${renderTable(['client', 'outcome', 'steps', 'seconds', 'note'], rows)}\n`);
  const passed = results.reduce((sum, { steps }) => sum + steps, 0);
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const skipped = count('left out');
  if (skipped > 0) console.log(`NOT RUN: ${skipped} clients whose toolchain is not here, see the table.\n`);
  console.log(`${passed} passed, ${count('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  if (count('failed') > 0) process.exitCode = 1;
}

async function main(): Promise<void> {
  const chosen = programs.filter(({ name }) => names.length === 0 || names.includes(name));
  mkdirSync(cache, { recursive: true });
  const results: Result[] = [];
  const ready: Program[] = [];
  for (const program of chosen) {
    const problem = await prepare(program);
    if (problem === null) ready.push(program);
    else results.push({ name: program.name, ...problem });
  }
  const oracle = await startOracle();
  try {
    const cluster = single ? null : await startCluster({ nodes: 3, replicationFactor: 2, shards: 12 });
    try {
      results.push(...(await tellAll(ready, cluster ?? oracle, oracle)));
    } finally {
      await cluster?.stop();
    }
  } finally {
    await oracle.stop();
  }
  report(results);
}

await main();
