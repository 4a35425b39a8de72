/** Standard deviations of its usual share that a node gives more: fewer than 1 in 500 nodes then have to be asked again. */
const margin = 3;

/**
 * Hits that a node has to give at first, when it answers for a share (0 to 1) of all shards. Primary keys are hashed to shards,
 * so that the number of the best hits that are its own is binomial; asking each node for all of them would fetch most for
 * nothing.
 */
export function nodeReach(reach: number, share: number): number {
  const mean = reach * share;
  return Math.min(reach, Math.ceil(mean + margin * Math.sqrt(mean * (1 - share))) + 1);
}
