import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { Logger } from '../observability/log.ts';
import type { TaskRecord } from '../store/records.ts';
import type { ActiveTask } from './active.ts';
import type { Clock } from './clock.ts';
import { rfc3339 } from './clock.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Effect, Job } from './effect.ts';
import type { ProgressStep } from './progress.ts';

/** A job under way, as the one who does the work sees it. */
export interface JobRun {
  readonly taskUid: number;
  /** RFC 3339. */
  readonly startedAt: string;
  /** What was asked for when the task was accepted. */
  readonly input: Record<string, unknown>;
  /** What `save` stored last, also by a process that stopped since; null at the first run. */
  readonly state: Record<string, unknown> | null;
  /** Aborted when the task is cancelled or Miroir stops; the run should then end soon, in whatever way. */
  readonly signal: AbortSignal;
  /** Make progress durable and show it in the task's details. */
  save(state: Record<string, unknown>, details: Record<string, unknown>): Promise<void>;
  /** Make progress durable without showing it. */
  saveState(state: Record<string, unknown>): Promise<void>;
  /** Show something in the task's details; the stored state stays as it is. */
  show(details: Record<string, unknown>): Promise<void>;
  /** Show in the task's batch how far it is, outermost step first. */
  progress(steps: readonly ProgressStep[]): void;
}

/** The reason of `signal` when the process stops and the job will be taken up by the next; any other means that it is over. */
export const miroirStops = Symbol('miroir stops');

/** Does the work and returns the task's final details; what it throws fails the task. */
export type JobRunner = (run: JobRun) => Promise<Record<string, unknown>>;

/** Work of a task that Miroir does itself when the task's turn comes, instead of asking the nodes for it. */
export interface Jobs {
  /** Say how jobs of a kind are done; those of unknown kinds wait. */
  register(kind: string, runner: JobRunner): void;
  /** Start the job, or see whether it is done: then its task is recorded as ended and returned, else null. */
  step(task: ActiveTask): Promise<TaskRecord | null>;
  /** How far a job is; empty when it says nothing, null when it does not run. */
  progressOf(taskUid: number): readonly ProgressStep[] | null;
  /** Interrupt all jobs; they are run again, from their saved state, by the next process. */
  stop(): Promise<void>;
}

/** What running jobs is built from. */
export interface JobsOptions {
  state: ClusterState;
  now: Clock;
  log: Logger;
  /** Something has been done: look at the task. */
  onDone(): void;
}

type Outcome = { details: Record<string, unknown> } | { error: ErrorBody };

interface Running {
  controller: AbortController;
  finished: Promise<void>;
  outcome: Outcome | null;
  steps: readonly ProgressStep[];
}

const reader = (text: string | null) => JSON.parse(text ?? '{}') as Record<string, unknown>;

/** Runs jobs, each once at a time; a crash makes them run again. */
export function createJobs(options: JobsOptions): Jobs {
  const { state, log } = options;
  const runners = new Map<string, JobRunner>();
  const running = new Map<number, Running>();
  let stopped = false;

  async function put(task: ActiveTask, change: Partial<TaskRecord>): Promise<TaskRecord> {
    const record: TaskRecord = { ...task.record, ...change };
    await state.commit([{ kind: 'putTask', record }]);
    task.record = record;
    return record;
  }

  async function save(task: ActiveTask, job: Job, progress: Record<string, unknown>, shown: Partial<TaskRecord>) {
    const effect: Effect = { ...task.effect, job: { ...job, state: progress } };
    await put(task, { effect: JSON.stringify(effect), ...shown });
    task.effect = effect;
  }

  function toBody(error: unknown, task: ActiveTask): ErrorBody {
    if (error instanceof ApiError) return error.toBody();
    log.error({ err: error, task: task.record.uid }, 'a job failed');
    return new ApiError('internal', `Task ${task.record.uid} could not be done: ${(error as Error).message}`).toBody();
  }

  async function start(task: ActiveTask, job: Job, runner: JobRunner): Promise<void> {
    const startedAt = task.record.startedAt ?? rfc3339(Math.max(options.now(), Date.parse(task.record.enqueuedAt)));
    await put(task, { status: 'processing', startedAt });
    const controller = new AbortController();
    const run: JobRun = {
      taskUid: task.record.uid,
      startedAt,
      input: job.input,
      state: job.state ?? null,
      signal: controller.signal,
      save: (progress, details) => save(task, job, progress, { details: JSON.stringify(details) }),
      saveState: (progress) => save(task, job, progress, {}),
      async show(details) {
        await put(task, { details: JSON.stringify(details) });
      },
      progress(steps) {
        entry.steps = steps;
      },
    };
    const entry: Running = { controller, outcome: null, steps: [], finished: Promise.resolve() };
    entry.finished = runner(run)
      .then(
        (details) => {
          entry.outcome = { details };
        },
        (error: unknown) => {
          entry.outcome = {
            error: controller.signal.aborted ? new ApiError('internal', 'aborted').toBody() : toBody(error, task),
          };
        },
      )
      .then(options.onDone);
    running.set(task.record.uid, entry);
  }

  function end(task: ActiveTask, outcome: Outcome | null): Promise<TaskRecord> {
    const finishedAt = rfc3339(Math.max(options.now(), Date.parse(task.record.startedAt ?? task.record.enqueuedAt)));
    const common = {
      phase: 'ended',
      effect: null,
      finishedAt,
      startedAt: task.record.startedAt ?? finishedAt,
    } as const;
    if (outcome !== null && 'details' in outcome) {
      const details = JSON.stringify({ ...reader(task.record.details), ...outcome.details });
      return put(task, { ...common, status: 'succeeded', details });
    }
    if (task.cancelledBy !== null) return put(task, { ...common, status: 'canceled', canceledBy: task.cancelledBy });
    return put(task, { ...common, status: 'failed', error: JSON.stringify(outcome?.error ?? null) });
  }

  return {
    register(kind, runner) {
      runners.set(kind, runner);
    },
    async step(task) {
      const { job } = task.effect;
      const runner = job === undefined ? undefined : runners.get(job.kind);
      if (stopped || job === undefined || runner === undefined) return null;
      const entry = running.get(task.record.uid);
      if (entry === undefined) {
        if (task.cancelledBy !== null) return end(task, null);
        await start(task, job, runner);
        return null;
      }
      if (task.cancelledBy !== null) entry.controller.abort();
      if (entry.outcome === null) return null;
      const record = await end(task, entry.outcome);
      running.delete(task.record.uid);
      return record;
    },
    progressOf: (taskUid) => running.get(taskUid)?.steps ?? null,
    async stop() {
      stopped = true;
      for (const { controller } of running.values()) controller.abort(miroirStops);
      await Promise.all([...running.values()].map(({ finished }) => finished));
    },
  };
}
