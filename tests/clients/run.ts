import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { startCluster } from '../support/cluster.ts';
import type { Server } from '../support/http.ts';
import { startOracle } from '../support/oracle.ts';
import { run } from './commands.ts';
import { cache, type Program, programs } from './programs.ts';
import { printReport, type Result } from './report.ts';

/**
 * Runs Meilisearch's official clients against Miroir; see README.md beside this file.
 *
 * Arguments: names of clients (default: all), and `--single` to run them against one Meilisearch instead.
 * With `CI=true` or `MIROIR_CLIENTS_REQUIRED=1` a missing toolchain is a failure.
 */
const arguments_ = process.argv.slice(2);
const single = arguments_.includes('--single');
const names = arguments_.filter((argument) => !argument.startsWith('--'));
const required = process.env.CI === 'true' || process.env.MIROIR_CLIENTS_REQUIRED === '1';
const minute = 60_000;

/** Registries stumble now and then. */
const PREPARE_ATTEMPTS = 2;

const secondsSince = (started: number) => (performance.now() - started) / 1_000;

async function missingTool(program: Program): Promise<string | null> {
  for (const tool of program.tools) {
    const { ok } = await run({ argv: tool, directory: import.meta.dirname }, minute);
    if (!ok) return tool[0];
  }
  return null;
}

/** Installs and builds; null when all is there, else why not. */
async function build(program: Program): Promise<string | null> {
  for (const command of program.prepare) {
    for (let attempt = 1; ; attempt++) {
      const { ok, output } = await run(command, 10 * minute);
      if (ok) break;
      process.stdout.write(output);
      if (attempt === PREPARE_ATTEMPTS) return `${command.argv[0]} failed while preparing`;
    }
  }
  return null;
}

async function prepare(program: Program): Promise<Result> {
  const result: Result = { name: program.name, outcome: 'prepared', steps: 0, buildSeconds: 0, seconds: 0, note: '' };
  const missing = await missingTool(program);
  if (missing !== null) {
    return { ...result, outcome: required ? 'failed' : 'left out', note: `${missing} is not here` };
  }
  const started = performance.now();
  const problem = await build(program);
  const buildSeconds = secondsSince(started);
  return problem === null ? { ...result, buildSeconds } : { ...result, outcome: 'failed', buildSeconds, note: problem };
}

async function tell(program: Program, prepared: Result, server: Server, oracle: Server): Promise<Result> {
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
  const { ok, output } = await run({ ...command, env }, 10 * minute);
  process.stdout.write(output.replaceAll(/^(?=.)/gm, `${program.name}: `));
  const steps = output.match(/^ok /gm)?.length ?? 0;
  const note = ok ? '' : (output.match(/^FAILED .*/m)?.[0] ?? output.trim().split('\n').at(-1) ?? '');
  return { ...prepared, outcome: ok ? 'passed' : 'failed', steps, seconds: secondsSince(started), note };
}

/** All that are prepared, two at a time: the machine runs the servers as well. */
async function tellAll(results: Result[], server: Server, oracle: Server): Promise<void> {
  const waiting = results.keys();
  const worker = async () => {
    for (const position of waiting) {
      const prepared = results[position] as Result;
      const program = programs.find(({ name }) => name === prepared.name) as Program;
      if (prepared.outcome === 'prepared') results[position] = await tell(program, prepared, server, oracle);
    }
  };
  await Promise.all([worker(), worker()]);
}

async function withServers(use: (server: Server, oracle: Server) => Promise<void>): Promise<void> {
  const oracle = await startOracle();
  try {
    const cluster = single ? null : await startCluster({ nodes: 3, replicationFactor: 2, shards: 12 });
    try {
      await use(cluster ?? oracle, oracle);
    } finally {
      await cluster?.stop();
    }
  } finally {
    await oracle.stop();
  }
}

async function main(): Promise<void> {
  for (const name of names) {
    if (!programs.some((program) => program.name === name)) throw new Error(`there is no client called ${name}`);
  }
  mkdirSync(cache, { recursive: true });
  const results: Result[] = [];
  for (const program of programs) {
    if (names.length === 0 || names.includes(program.name)) results.push(await prepare(program));
  }
  await withServers((server, oracle) => tellAll(results, server, oracle));
  process.exitCode = printReport(results) ? 0 : 1;
}

await main();
