import type { NodeClient } from '../nodes/client.ts';
import type { PartRecord, TaskRecord } from '../store/records.ts';
import type { ActiveTasks } from './active.ts';

/** One level of a progress, as Meilisearch shows it. */
export interface ProgressStep {
  currentStep: string;
  finished: number;
  total: number;
}

/** How far a running batch is: its steps, outermost first. */
export interface Progress {
  steps: readonly ProgressStep[];
  percentage: number;
}

/** What finding out about progress is built from. */
export interface ProgressOptions {
  active: Pick<ActiveTasks, 'get'>;
  clients: { get(nodeId: string): NodeClient | undefined };
  /** How far a job of Miroir's own is; null when the task is none. */
  jobSteps(taskUid: number): readonly ProgressStep[] | null;
  /** Milliseconds a node may take to tell. */
  timeoutMs: number;
}

/** Tells how far tasks are that have started and not ended, by uid; those that it knows nothing of are left out. */
export type ProgressReader = (tasks: readonly TaskRecord[]) => Promise<ReadonlyMap<number, Progress>>;

/** The share of the whole that steps stand for: each step divides one unit of the step around it. */
export function percentageOf(steps: readonly ProgressStep[]): number {
  let unit = 100;
  let percentage = 0;
  for (const { finished, total } of steps) {
    unit /= Math.max(1, total);
    percentage += finished * unit;
  }
  return percentage;
}

const isOpen = (part: PartRecord): boolean =>
  part.status === 'sending' || part.status === 'enqueued' || part.status === 'processing';

/** A task's progress is the mean of its parts'; the steps are those of the node that is behind the others. */
export function mergeProgress(parts: readonly PartRecord[], byNode: ReadonlyMap<string, Progress>): Progress {
  let sum = 0;
  let slowest: Progress | null = null;
  for (const part of parts) {
    const running = part.status === 'processing' ? byNode.get(part.nodeId) : undefined;
    if (running !== undefined && (slowest === null || running.percentage < slowest.percentage)) slowest = running;
    sum += isOpen(part) ? (running?.percentage ?? 0) : 100;
  }
  return { steps: slowest?.steps ?? [], percentage: parts.length === 0 ? 0 : sum / parts.length };
}

/** Asks each node once what it works on: it never works on more than one batch. */
export function createProgressReader(options: ProgressOptions): ProgressReader {
  async function ofNode(nodeId: string): Promise<Progress | null> {
    const request = {
      method: 'GET',
      path: '/batches?statuses=processing&limit=1',
      timeoutMs: options.timeoutMs,
    } as const;
    const answer = await options.clients
      .get(nodeId)
      ?.request(request)
      .catch(() => null);
    if (answer?.status !== 200) return null;
    const { results } = JSON.parse(answer.text) as { results: { progress: Progress | null }[] };
    return results[0]?.progress ?? null;
  }

  return async (tasks) => {
    const found = new Map<number, Progress>();
    const parts = new Map<number, readonly PartRecord[]>();
    for (const { uid } of tasks) {
      const steps = options.jobSteps(uid);
      if (steps !== null) found.set(uid, { steps, percentage: percentageOf(steps) });
      else parts.set(uid, options.active.get(uid)?.parts ?? []);
    }
    const working = [...parts.values()].flat().filter((part) => part.status === 'processing');
    const nodes = new Set(working.map((part) => part.nodeId));
    const byNode = new Map<string, Progress>();
    await Promise.all(
      [...nodes].map(async (nodeId) => {
        const progress = await ofNode(nodeId);
        if (progress !== null) byNode.set(nodeId, progress);
      }),
    );
    for (const [uid, list] of parts) found.set(uid, mergeProgress(list, byNode));
    return found;
  };
}
