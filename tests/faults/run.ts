import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRng } from '../support/rng.ts';
import { audit, becomeQuiet } from './audit.ts';
import { type Lab, startLab } from './lab.ts';
import { createRunLog, type Fault, type Finding, type RunLog, type SearchRecord } from './run-log.ts';
import type { Scenario, Stage } from './scenario.ts';
import { runSearchers } from './searchers.ts';
import { loadIndex } from './single-server.ts';
import { watchMemory, watchTasks } from './watchers.ts';
import { runWriters } from './writers.ts';

/** How long and where. */
export interface RunOptions {
  seed: number;
  /** Seconds that faults go on at least; one round is always made. */
  seconds: number;
  /** Where logs of runs that broke something are kept. */
  logsFolder: string;
  /** Whether this machine does nothing else, so that times may be compared. */
  isTimed: boolean;
}

/** A line of the table. */
export interface RunResult {
  scenario: string;
  seed: number;
  faults: string;
  acknowledged: number;
  refused: number;
  unanswered: number;
  searches: number;
  failed: number;
  partial: number;
  /** Longest time without a complete answer to a search, in ms. */
  worstGap: number;
  count: Record<Fault, number>;
  findings: Finding[];
  events: readonly string[];
  /** Where the logs are, when something broke. */
  logs: string | null;
}

/** Seconds of load before the first fault and after the last. */
const calmMs = 1_500;
const quietMs = 60_000;

/** The longest time between two complete answers, from the first search to the end of the last. */
function worstGap(searches: readonly SearchRecord[]): number {
  const ends = searches.filter(({ outcome }) => outcome === 'complete').map(({ startedAt, ms }) => startedAt + ms);
  const first = Math.min(...searches.map(({ startedAt }) => startedAt));
  const last = Math.max(...searches.map(({ startedAt, ms }) => startedAt + ms));
  const times = [first, ...ends, last].sort((a, b) => a - b);
  return Math.max(0, ...times.slice(1).map((time, i) => time - times[i]!));
}

/** What a scenario cannot do is a finding as well, with logs and table like any other. */
async function attempt(stage: Stage, what: string, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    stage.fail(`${what} could not be done: ${error instanceof Error ? error.stack : String(error)}`);
  });
}

/** Load, faults, and the scenario's own limits. */
async function breakThings(scenario: Scenario, lab: Lab, log: RunLog, { seconds, isTimed }: RunOptions): Promise<void> {
  const end = new AbortController();
  const load = { writers: 3, searchers: 4, everyMs: 200, retry: false, ...scenario.load };
  const stage: Stage = {
    lab,
    log,
    marks: new Map(),
    searchesBetween: (from, to) => log.searches.filter((one) => one.startedAt >= from && one.startedAt < to),
    fail: (what) => log.report('other', [what]),
    isTimed,
  };
  const running = Promise.all([
    runWriters(lab, log, lab.rng, load, end.signal),
    runSearchers(lab, log, lab.rng, load, end.signal),
    watchMemory(() => lab.miroir.pid, log, end.signal),
  ]);
  const watching = new AbortController();
  const watcher = watchTasks(lab, log, watching.signal);
  try {
    await sleep(calmMs);
    const until = performance.now() + seconds * 1_000;
    do await attempt(stage, 'a round', () => scenario.round(stage));
    while (performance.now() < until);
    await lab.heal();
    await sleep(calmMs);
  } finally {
    end.abort();
    await running;
    watching.abort();
    await watcher;
  }
  await becomeQuiet(lab, log, quietMs);
  await attempt(stage, 'the judgement', async () => scenario.judge?.(stage));
}

function judgeLimits(scenario: Scenario, log: RunLog): void {
  const failed = log.searches.filter(
    ({ outcome, answered }) => outcome === 'failed' && (answered || scenario.miroirGoes !== true),
  );
  if (failed.length > log.searches.length * (scenario.failedSearches ?? 0.001)) {
    log.report('other', [`${failed.length} of ${log.searches.length} searches failed, for example: ${failed[0]?.why}`]);
  }
  const partial = log.searches.filter(({ outcome }) => outcome === 'partial');
  if (partial.length > 0 && !scenario.partialAnswers) {
    log.report('other', [`${partial.length} searches were answered in part, for example: ${partial[0]?.why}`]);
  }
  const unwritten = log.writes.filter(({ outcome }) => outcome !== 'acknowledged');
  if (unwritten.length > 0 && !scenario.writesMayFail) {
    log.report('other', [`${unwritten.length} writes were not acknowledged, for example: ${unwritten[0]?.error}`]);
  }
  if (!log.writes.some(({ outcome }) => outcome === 'acknowledged') || log.searches.length === 0) {
    log.report('other', ['nothing was written or searched: the run shows nothing']);
  }
}

/** Keep what helps to understand a broken run. */
function keepLogs(lab: Lab, result: Omit<RunResult, 'logs'>, log: RunLog, options: RunOptions): string {
  const folder = join(options.logsFolder, `${result.scenario}-seed-${options.seed}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result, null, 2));
  writeFileSync(join(folder, 'writes.json'), JSON.stringify(log.writes, null, 1));
  writeFileSync(join(folder, 'searches.json'), JSON.stringify(log.searches));
  const files = ['miroir.log', 'miroir.yaml', ...lab.nodes.map(({ id }) => join(id, 'meilisearch.log'))];
  for (const file of files) {
    const source = join(lab.cluster.folder, file);
    if (existsSync(source)) cpSync(source, join(folder, file.replaceAll('/', '-')));
  }
  return folder;
}

/** Run a scenario in a lab of its own, and judge it. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const rng = createRng(options.seed);
  const log = createRunLog();
  const lab = await startLab(scenario.cluster, rng);
  try {
    await scenario.prepare?.(lab);
    await loadIndex(lab, options.seed);
    await breakThings(scenario, lab, log, options);
    judgeLimits(scenario, log);
    await audit(lab, log, options.seed);
    const count = { lost: 0, resurrected: 0, double: 0, diverged: 0, other: 0 };
    for (const { fault } of log.findings) count[fault]++;
    const writes = (outcome: string) => log.writes.filter((write) => write.outcome === outcome).length;
    const searches = (outcome: string) => log.searches.filter((search) => search.outcome === outcome).length;
    const result = {
      scenario: scenario.name,
      seed: options.seed,
      faults: scenario.faults,
      acknowledged: writes('acknowledged'),
      refused: writes('refused'),
      unanswered: writes('unknown'),
      searches: log.searches.length,
      failed: searches('failed'),
      partial: searches('partial'),
      worstGap: worstGap(log.searches),
      count,
      findings: log.findings,
      events: lab.events,
    };
    return { ...result, logs: log.findings.length > 0 ? keepLogs(lab, result, log, options) : null };
  } finally {
    await lab.stop();
  }
}
