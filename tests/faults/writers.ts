import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteRecord } from '../invariants/history.ts';
import { type RawAnswer, type Server, send } from '../support/http.ts';
import { createRng, type Rng } from '../support/rng.ts';
import { randomWrite, requestOf } from './data.ts';
import type { RunLog } from './run-log.ts';

/** How writes are made. */
export interface WritersOptions {
  /** Clients that each send one write after the other. */
  writers: number;
  /** Milliseconds from one write of a client to its next. */
  everyMs: number;
  /** Send a write whose answer was lost again, with the same `Idempotency-Key`. */
  retry: boolean;
}

/** Errors that say that nothing was written (docs/errors.md). */
const nothingWritten = new Set(['miroir_shard_unavailable', 'miroir_overloaded', 'miroir_index_busy']);
/** As long as a start of Miroir may take on a busy machine. */
const retryForMs = 60_000;
const retryEveryMs = 250;

/** What an answer, or none, means for the write; null when the answer was lost on the way. */
function classify(answer: RawAnswer | null): Pick<WriteRecord, 'outcome' | 'taskUid'> {
  if (answer === null) return { outcome: 'unknown', taskUid: null };
  const body = JSON.parse(answer.text) as { taskUid?: number; code?: string };
  if (answer.status === 202 && body.taskUid !== undefined) return { outcome: 'acknowledged', taskUid: body.taskUid };
  const refused = answer.status < 500 || nothingWritten.has(body.code ?? '');
  return { outcome: refused ? 'refused' : 'unknown', taskUid: null };
}

/** Writes to the living documents until `signal` is aborted; resolves when all clients have their last answer. */
export async function runWriters(
  server: Server,
  log: RunLog,
  rng: Rng,
  options: WritersOptions,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;

  async function attempt(record: WriteRecord, key: string): Promise<RawAnswer | null> {
    const request = requestOf(record.op);
    const headers: Record<string, string> = options.retry ? { 'idempotency-key': key } : {};
    for (const deadline = performance.now() + retryForMs; ; ) {
      const answer = await send(server, { ...request, headers }).catch(() => null);
      if (answer !== null || !options.retry || performance.now() > deadline) return answer;
      await sleep(retryEveryMs);
    }
  }

  async function writeOnce(own: Rng): Promise<void> {
    const n = 1_000_000 + count++;
    const record: WriteRecord = {
      op: randomWrite(own, n),
      startedAt: performance.now(),
      endedAt: Number.POSITIVE_INFINITY,
      outcome: 'unknown',
      taskUid: null,
      status: null,
    };
    log.begin(record);
    const answer = await attempt(record, `write-${n}`);
    Object.assign(record, classify(answer), { endedAt: performance.now() });
    if (record.outcome !== 'acknowledged') {
      record.error = answer === null ? 'no answer' : `${answer.status} ${answer.text.slice(0, 200)}`;
    }
  }

  async function client(own: Rng): Promise<void> {
    while (!signal.aborted) {
      const next = performance.now() + options.everyMs * (0.5 + own.next());
      await writeOnce(own);
      await sleep(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => undefined);
    }
  }

  await Promise.all(Array.from({ length: options.writers }, () => client(createRng(rng.int(2 ** 31)))));
}
