import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../src/nodes/local.ts';
import { loadCorpus } from '../tests/parity/suites/load.ts';
import { startCluster } from '../tests/support/cluster.ts';
import { products } from '../tests/support/corpus.ts';
import { startOracle } from '../tests/support/oracle.ts';
import { guardProcess } from '../tests/support/processes.ts';
import type { Size } from './against-single.ts';
import { cpuMilliseconds, residentMegabytes } from './cpu.ts';
import { type BenchSearch, runLoad } from './load.ts';
import { type Recorder, startRecorder } from './recorder.ts';
import { number, ratio, table } from './table.ts';
import { workload } from './workload.ts';

/** Processor time of one process in front of canned nodes. */
export interface OwnWork {
  side: string;
  cpuMsPerSearch: number;
  searchesPerSecond: number;
  residentMb: number;
  /** Node searches that were not in the recording and went to the real node; should be near 0. */
  missed: number;
}

interface Target {
  address: string;
  masterKey: string;
  pid: number;
}

async function startPassThrough(target: string): Promise<{ address: string; child: ChildProcess }> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'pass-through.ts'), String(port), target],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  guardProcess(() => child.pid ?? -1);
  const address = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 200; i++) {
    const answer = await fetch(`${address}/health`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.ok) return { address, child };
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error('the pass-through proxy did not start');
}

/** Warm up (which records), then count the processor time of a run that is answered from memory. */
async function measure(
  side: string,
  target: Target,
  searches: readonly BenchSearch[],
  count: number,
  recorders: readonly Recorder[],
): Promise<OwnWork> {
  await runLoad(target, searches, 4, { requests: searches.length * 2 });
  await runLoad(target, searches, 8, { requests: Math.min(count, 1_500) });
  for (const recorder of recorders) recorder.takeCounts();
  const before = cpuMilliseconds(target.pid);
  const load = await runLoad(target, searches, 8, { requests: count });
  const used = cpuMilliseconds(target.pid) - before;
  if (load.errors > 0) throw new Error(`${side}: ${load.errors} of ${load.requests} searches failed`);
  return {
    side,
    cpuMsPerSearch: used / load.requests,
    searchesPerSecond: load.perSecond,
    residentMb: residentMegabytes(target.pid),
    missed: recorders.reduce((total, recorder) => total + recorder.takeCounts().passed, 0),
  };
}

/** Processor time per search inside Miroir, with nodes that answer from memory, against a proxy that parses nothing. */
export async function ownWork(size: Size): Promise<OwnWork[]> {
  const corpus = products(2_000, 31);
  const searches = workload(corpus, 4);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const single = await startOracle();
    undo.push(single.stop);
    await loadCorpus(single, corpus);
    const recorder = await startRecorder(single.address);
    undo.push(recorder.stop);
    const proxy = await startPassThrough(recorder.address);
    undo.push(async () => proxy.child.kill('SIGKILL'));
    const results = [
      await measure(
        'pass-through',
        { address: proxy.address, masterKey: single.masterKey, pid: proxy.child.pid ?? -1 },
        searches,
        size.cpuSearches,
        [recorder],
      ),
    ];
    for (const nodes of [1, 3]) {
      const recorders: Recorder[] = [];
      const cluster = await startCluster({
        nodes,
        miroir: 'child',
        async front(node) {
          const front = await startRecorder(node.address);
          recorders.push(front);
          undo.push(front.stop);
          return front.address;
        },
      });
      undo.push(cluster.stop);
      await loadCorpus(cluster, corpus);
      const target = { address: cluster.address, masterKey: cluster.masterKey, pid: cluster.process?.pid ?? -1 };
      results.push(await measure(`Miroir, ${nodes} canned`, target, searches, size.cpuSearches, recorders));
    }
    return results;
  } finally {
    for (const step of undo.reverse()) await step().catch(() => undefined);
  }
}

/** The figures as a table. */
export function ownWorkTable(results: readonly OwnWork[]): string {
  const base = results[0];
  if (base === undefined) return '';
  return table(
    'Processor time per search, nodes answering from memory',
    ['', 'CPU ms/search', 'against it', 'searches/s', 'memory MB', 'missed'],
    results.map((one) => [
      one.side,
      number(one.cpuMsPerSearch),
      ratio(one.cpuMsPerSearch, base.cpuMsPerSearch),
      number(one.searchesPerSecond),
      number(one.residentMb),
      String(one.missed),
    ]),
  );
}
