import { setTimeout as sleep } from 'node:timers/promises';
import { quick, type Scenario } from '../scenario.ts';

/** What `replication_factor: 1` means when a node dies: nothing is lost, but its shards are away, and answers say so. */
export const noCopies: Scenario = {
  name: 'no-copies',
  faults: 'SIGKILL one node of three that holds the only copy of its shards, restart',
  passes: 'short answers are marked, writes to missing shards refused; nothing is missing afterwards',
  cluster: { nodes: 3, replicationFactor: 1, shards: 12, config: quick },
  writesMayFail: true,
  partialAnswers: true,
  failedSearches: 0.5,
  async round({ lab, log, fail }) {
    const node = lab.rng.pick(lab.nodes);
    const before = log.searches.length;
    lab.note(`kill ${node.id}`);
    await node.kill();
    await sleep(3_000);
    lab.note(`start ${node.id}`);
    await node.start();
    await sleep(2_500);
    const marked = log.searches.slice(before).filter(({ outcome }) => outcome === 'partial').length;
    if (marked === 0) fail('a third of the shards was away, and no answer was marked');
    const other = log.searches.find(
      ({ outcome, why }) => outcome === 'failed' && !why?.includes('miroir_shard_unavailable'),
    );
    if (other !== undefined) fail(`a search failed otherwise than for its shard: ${other.why}`);
  },
};
