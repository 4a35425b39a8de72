import { ApiError } from '../errors/api-error.ts';

/** Bounds the writes under way to each index, so that one whose node is slow does not take all places. */
export interface Waiting {
  /** Take a place in each queue, or throw `miroir_overloaded`; to be left by the function returned. */
  enter(queues: readonly string[]): () => void;
}

/** At most `limit` writes per queue. */
export function createWaiting(limit: number): Waiting {
  const counts = new Map<string, number>();
  const add = (queue: string, by: 1 | -1) => {
    const count = (counts.get(queue) ?? 0) + by;
    if (count > 0) counts.set(queue, count);
    else counts.delete(queue);
  };
  return {
    enter(queues) {
      const full = queues.find((queue) => (counts.get(queue) ?? 0) >= limit);
      if (full !== undefined) {
        throw new ApiError(
          'miroir_overloaded',
          `${limit} writes to \`${full}\` are waiting to be handed to the nodes already (\`write.max_waiting\`). Nothing was written; retry after 1s.`,
          { headers: { 'retry-after': '1' } },
        );
      }
      for (const queue of queues) add(queue, 1);
      return () => {
        for (const queue of queues) add(queue, -1);
      };
    },
  };
}
