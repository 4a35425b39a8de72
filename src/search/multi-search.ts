import { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer } from '../http/services.ts';

/** One query of a multi-search, ready to run. */
export interface PlannedQuery {
  indexUid: string;
  run(): Promise<ReadAnswer<Buffer>>;
}

/** Queries of one request that run at the same time. */
const atOnce = 8;

/** An error as multi-search reports it: it names the query, and an unknown index is the request's fault. */
export function inside(error: unknown, position: number): unknown {
  if (!(error instanceof ApiError)) return error;
  const status = error.status === 404 ? 400 : error.status;
  const message = `Inside \`.queries[${position}]\`: ${error.message}`;
  return new ApiError(error.code, message, { status, headers: { ...error.headers }, cause: error });
}

/**
 * Runs jobs, a few at a time, and gives their results in order. Of several errors the one of the first job is thrown, as on
 * one Meilisearch, which does one after the other.
 */
export async function runInOrder<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results = new Array<T>(jobs.length);
  const errors = new Map<number, unknown>();
  let next = 0;
  async function work(): Promise<void> {
    while (next < jobs.length && errors.size === 0) {
      const position = next++;
      const job = jobs[position] as () => Promise<T>;
      try {
        results[position] = await job();
      } catch (error) {
        errors.set(position, error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, jobs.length) }, work));
  if (errors.size > 0) throw errors.get(Math.min(...errors.keys()));
  return results;
}

/** Runs the queries of a plain multi-search. */
export async function runQueries(queries: readonly PlannedQuery[]): Promise<ReadAnswer<Buffer>> {
  const answers = await runInOrder(
    queries.map((query, position) => () => query.run().catch((error) => Promise.reject(inside(error, position)))),
  );
  const results = answers.flatMap(({ json }, i) => [
    Buffer.from(`${i === 0 ? '' : ','}{"indexUid":${JSON.stringify(queries[i]?.indexUid)},`),
    json.subarray(1),
  ]);
  const missing = new Set(answers.flatMap((answer) => [...answer.missingShards]));
  const json = Buffer.concat([Buffer.from('{"results":['), ...results, Buffer.from(']}')]);
  return { json, missingShards: [...missing].sort((a, b) => a - b) };
}
