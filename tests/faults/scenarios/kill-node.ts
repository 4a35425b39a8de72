import { setTimeout as sleep } from 'node:timers/promises';
import { quick, type Scenario } from '../scenario.ts';

/** Row 1: a node is killed and comes back. */
export const killNode: Scenario = {
  name: 'kill-node',
  faults: 'SIGKILL one node of three, restart',
  passes: 'no failed search, no refused write; the missed writes are back within the quiet time',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  async round({ lab }) {
    const node = lab.rng.pick(lab.nodes);
    lab.note(`kill ${node.id}`);
    await node.kill();
    await sleep(3_000);
    lab.note(`start ${node.id}`);
    await node.start();
    await sleep(2_000);
  },
};
