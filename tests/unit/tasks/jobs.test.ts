import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import type { TaskRecord } from '../../../src/store/records.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { createActiveTasks } from '../../../src/tasks/active.ts';
import type { ClusterState } from '../../../src/tasks/cluster-state.ts';
import { createJobs, type JobRun, type JobRunner, miroirStops } from '../../../src/tasks/jobs.ts';

let stored: TaskRecord[];
let done: (() => void) | null;

const state = {
  async commit(changes: readonly StoreChange[]) {
    for (const change of changes) if (change.kind === 'putTask') stored.push(change.record);
  },
} as unknown as ClusterState;

beforeEach(() => {
  stored = [];
  done = null;
});

function jobs(runner?: JobRunner) {
  const found = createJobs({
    state,
    now: () => Date.parse('2026-01-01T00:00:05Z'),
    log: pino({ level: 'silent' }),
    onDone: () => done?.(),
  });
  if (runner !== undefined) found.register('count', runner);
  return found;
}

function task(progress?: Record<string, unknown>) {
  const job = {
    kind: 'count',
    queue: 'counting',
    input: { to: 3 },
    ...(progress === undefined ? {} : { state: progress }),
  };
  const record: TaskRecord = {
    uid: 4,
    type: 'counting',
    indexUid: null,
    indexId: null,
    status: 'enqueued',
    phase: 'sent',
    details: '{"counted":null}',
    error: null,
    verdict: null,
    effect: JSON.stringify({ job }),
    canceledBy: null,
    enqueuedAt: '2026-01-01T00:00:00Z',
    startedAt: null,
    finishedAt: null,
  };
  return createActiveTasks().add(record, []);
}

const finished = () =>
  new Promise<void>((resolve) => {
    done = resolve;
  });

describe('a job', () => {
  test('stands in the queue it names, is shown as processing, and ends with its details', async () => {
    const active = task();
    expect(active.queues).toEqual(['*counting']);
    const work = jobs(async (run) => ({ counted: run.input.to }));
    const end = finished();
    expect(await work.step(active)).toBeNull();
    expect(stored.at(-1)).toMatchObject({ status: 'processing', startedAt: '2026-01-01T00:00:05.000Z' });
    await end;
    const ended = await work.step(active);
    expect(ended).toMatchObject({ status: 'succeeded', phase: 'ended', effect: null, details: '{"counted":3}' });
    expect(stored.at(-1)).toEqual(ended);
  });

  test('waits while nobody knows how to do it', async () => {
    expect(await jobs().step(task())).toBeNull();
    expect(stored).toEqual([]);
  });

  test('stores its progress, and is given it when it is taken up again', async () => {
    const active = task();
    const end = finished();
    const work = jobs(async (run) => {
      await run.save({ at: 2 }, { counted: 2 });
      throw new ApiError('miroir_invalid_dump', 'no');
    });
    await work.step(active);
    await end;
    const saved = stored.at(-1);
    expect(saved).toMatchObject({ details: '{"counted":2}' });
    expect(JSON.parse(saved?.effect ?? '{}')).toMatchObject({ job: { input: { to: 3 }, state: { at: 2 } } });
    expect(await work.step(active)).toMatchObject({ status: 'failed', details: '{"counted":2}' });
    expect(JSON.parse(stored.at(-1)?.error ?? '{}')).toMatchObject({ code: 'miroir_invalid_dump' });

    const seen: JobRun['state'][] = [];
    const again = jobs(async (run) => {
      seen.push(run.state);
      return {};
    });
    const over = finished();
    await again.step(task({ at: 2 }));
    await over;
    expect(seen).toEqual([{ at: 2 }]);
  });

  test('is interrupted by a cancellation, and ends as canceled', async () => {
    const active = task();
    const end = finished();
    const work = jobs(
      (run) => new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason))),
    );
    await work.step(active);
    active.cancelledBy = 9;
    expect(await work.step(active)).toBeNull();
    await end;
    expect(await work.step(active)).toMatchObject({ status: 'canceled', canceledBy: 9, error: null });
  });

  test('that has not begun is not begun for a cancellation', async () => {
    const active = task();
    active.cancelledBy = 9;
    const work = jobs(() => Promise.reject(new Error('must not run')));
    expect(await work.step(active)).toMatchObject({ status: 'canceled', canceledBy: 9 });
  });

  test('is left as it is when Miroir stops', async () => {
    const active = task();
    const reasons: unknown[] = [];
    const work = jobs(
      (run) =>
        new Promise((_, reject) =>
          run.signal.addEventListener('abort', () => {
            reasons.push(run.signal.reason);
            reject(new Error('stopped'));
          }),
        ),
    );
    await work.step(active);
    await work.stop();
    expect(reasons).toEqual([miroirStops]);
    expect(await work.step(active)).toBeNull();
    expect(active.record.status).toBe('processing');
  });
});
