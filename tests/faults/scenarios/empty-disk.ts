import { setTimeout as sleep } from 'node:timers/promises';
import { quick, type Scenario } from '../scenario.ts';

/** Row 5: a node comes back with nothing. */
export const emptyDisk: Scenario = {
  name: 'empty-disk',
  faults: 'SIGKILL one node of three, delete its data, restart',
  passes: 'no answer is short; the node is refilled before it serves',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  async round({ lab }) {
    const node = lab.rng.pick(lab.nodes);
    lab.note(`kill ${node.id}, delete its data, start it at once`);
    await node.kill();
    await node.wipe();
    await node.start();
    await sleep(4_000);
  },
};

/** Row 5, the harder case: a node comes back with the data of some time ago, as from a backup. */
export const olderDisk: Scenario = {
  name: 'older-disk',
  faults: 'one node of three restarts with the data it had some seconds ago',
  passes: 'no answer is short or old; the node is brought up to date before it serves',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  async round({ lab }) {
    const node = lab.rng.pick(lab.nodes);
    lab.note(`keep the data of ${node.id}`);
    await node.kill();
    await node.keepDisk();
    await node.start();
    await sleep(3_000);
    lab.note(`${node.id} goes back to the kept data`);
    await node.kill();
    await node.restoreDisk();
    await node.start();
    await sleep(3_000);
  },
};
