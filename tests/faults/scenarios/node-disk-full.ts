import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quick, type Scenario } from '../scenario.ts';
import { fillDisk } from './fill-disk.ts';

/** Row 12: tasks fail on one copy only, because nothing more fits on its disk. */
export const nodeDiskFull: Scenario = {
  name: 'node-disk-full',
  faults: 'the disk of one node of three is full for a while',
  passes: 'writes succeed on the other copies; the node is repaired once it has room',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  needsRoot: true,
  async prepare(lab) {
    const [node] = lab.nodes;
    await node!.kill();
    await node!.wipe();
    await lab.smallDisk(join(node!.id, 'data.ms'), 96);
    await node!.start();
  },
  async round({ lab }) {
    const makeRoom = fillDisk(join(lab.cluster.folder, lab.nodes[0]!.id, 'data.ms'));
    lab.note('the disk of node-0 is full');
    await sleep(4_000);
    makeRoom();
    lab.note('the disk of node-0 has room again');
    await sleep(2_000);
  },
};
