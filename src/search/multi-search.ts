import { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer } from '../http/services.ts';

/** One query of a multi-search, ready to run. */
export interface PlannedQuery {
  indexUid: string;
  run(): Promise<ReadAnswer>;
}

/** Queries of one request that run at the same time. */
const atOnce = 8;

/** An error as multi-search reports it: it names the query, and an unknown index is the request's fault. */
function inside(error: unknown, position: number): unknown {
  if (!(error instanceof ApiError)) return error;
  const status = error.status === 404 ? 400 : error.status;
  const message = `Inside \`.queries[${position}]\`: ${error.message}`;
  return new ApiError(error.code, message, { status, headers: { ...error.headers }, cause: error });
}

/**
 * Runs the queries of a plain multi-search, a few at a time, and puts their answers in order. Of several errors the one of
 * the first query is thrown, as on one Meilisearch, which runs them one after the other.
 */
export async function runQueries(queries: readonly PlannedQuery[]): Promise<ReadAnswer> {
  const answers = new Array<ReadAnswer>(queries.length);
  const errors = new Map<number, unknown>();
  let next = 0;
  async function work(): Promise<void> {
    while (next < queries.length && errors.size === 0) {
      const position = next++;
      const query = queries[position] as PlannedQuery;
      try {
        answers[position] = await query.run();
      } catch (error) {
        errors.set(position, inside(error, position));
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, queries.length) }, work));
  if (errors.size > 0) throw errors.get(Math.min(...errors.keys()));

  const results = answers.map(({ json }, i) => `{"indexUid":${JSON.stringify(queries[i]?.indexUid)},${json.slice(1)}`);
  const missing = new Set(answers.flatMap((answer) => [...answer.missingShards]));
  return { json: `{"results":[${results.join(',')}]}`, missingShards: [...missing].sort((a, b) => a - b) };
}
