import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../errors/api-error.ts';
import type { ActiveTask, ActiveTasks } from '../tasks/active.ts';
import { globalQueue } from '../tasks/active.ts';
import type { Gate, Hold } from '../tasks/gate.ts';

/** What bringing the indexes to a stand is built from. */
export interface StandstillOptions {
  active: ActiveTasks;
  gate: Pick<Gate, 'close'>;
  /** Queues whose tasks change no index. */
  otherQueues: readonly string[];
  /** Milliseconds that the tasks still under way get to end once writes are held back. */
  maxDrainMs: number;
}

const pollMs = 20;

/**
 * One point in time for all indexes. First, with writes going on, the tasks accepted before `taskUid` are waited for;
 * then new writes are held back and those that came in between are waited for too, which is short. From then on the
 * indexes hold exactly what the tasks accepted before that moment made of them, until the hold is released.
 */
export async function standStill(options: StandstillOptions, taskUid: number, signal: AbortSignal): Promise<Hold> {
  const passing = new Set([globalQueue, ...options.otherQueues]);
  const changesIndexes = (task: ActiveTask) => task.queues.some((queue) => !passing.has(queue));
  const pending = (below: number) =>
    [...options.active.all()].some((task) => task.record.uid < below && changesIndexes(task));

  while (pending(taskUid)) await sleep(pollMs, undefined, { signal });
  const hold = await options.gate.close([...passing]);
  try {
    const deadline = performance.now() + options.maxDrainMs;
    while (pending(Number.POSITIVE_INFINITY)) {
      if (performance.now() > deadline) {
        throw new ApiError(
          'miroir_index_busy',
          `Tasks of the indexes did not end within ${Math.round(options.maxDrainMs / 1_000)} s while writes were held back for a dump or an export (\`dumps.max_pause\`). Try again when less is waiting.`,
        );
      }
      await sleep(pollMs, undefined, { signal });
    }
    return hold;
  } catch (error) {
    hold.open();
    throw error;
  }
}
