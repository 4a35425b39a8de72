import { Agent, request } from 'undici';

/** A search as sent. */
export interface BenchSearch {
  path: string;
  body: string;
}

/** What a load run saw. Times in milliseconds. */
export interface LoadResult {
  requests: number;
  errors: number;
  seconds: number;
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
}

/** The value below which `share` of the sorted list lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** When a run ends: after a time, after a number of requests, or when something else does. */
export type Until = { milliseconds: number } | { requests: number } | { while(): boolean };

/** `clients` loops, each sending the next search as soon as its last one was answered, over kept connections. */
export async function runLoad(
  target: { address: string; masterKey: string },
  searches: readonly BenchSearch[],
  clients: number,
  until: Until,
): Promise<LoadResult> {
  const agent = new Agent({ connections: clients, pipelining: 1 });
  const times: number[] = [];
  let errors = 0;
  let next = 0;
  const started = performance.now();
  const goesOn = () => {
    if ('while' in until) return until.while();
    return 'requests' in until ? next < until.requests : performance.now() - started < until.milliseconds;
  };
  const client = async () => {
    while (goesOn()) {
      const search = searches[next++ % searches.length];
      if (search === undefined) return;
      const at = performance.now();
      const answer = await request(`${target.address}${search.path}`, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          'content-type': 'application/json',
          'accept-encoding': 'identity',
          authorization: `Bearer ${target.masterKey}`,
        },
        body: search.body,
      });
      await answer.body.arrayBuffer();
      times.push(performance.now() - at);
      if (answer.statusCode !== 200) errors++;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - started) / 1_000;
  await agent.close();
  times.sort((a, b) => a - b);
  return {
    requests: times.length,
    errors,
    seconds,
    perSecond: times.length / seconds,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    p99: percentile(times, 0.99),
  };
}

/** Several runs as one: counts added, middle values of the runs' figures. */
export function middle(runs: readonly LoadResult[]): LoadResult {
  const median = (pick: (run: LoadResult) => number) =>
    percentile(
      runs.map(pick).sort((a, b) => a - b),
      0.5,
    );
  const sum = (pick: (run: LoadResult) => number) => runs.reduce((total, run) => total + pick(run), 0);
  return {
    requests: sum((run) => run.requests),
    errors: sum((run) => run.errors),
    seconds: sum((run) => run.seconds),
    perSecond: median((run) => run.perSecond),
    p50: median((run) => run.p50),
    p95: median((run) => run.p95),
    p99: median((run) => run.p99),
  };
}
