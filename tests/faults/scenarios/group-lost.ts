import { setTimeout as sleep } from 'node:timers/promises';
import { quick, type Scenario } from '../scenario.ts';

/** A whole replica group goes, as when a data centre does. */
export const groupLost: Scenario = {
  name: 'group-lost',
  faults: 'SIGKILL both nodes of one of two groups, restart',
  passes: 'the other group answers everything; the lost group has its missed writes back afterwards',
  cluster: { nodes: 2, groups: 2, replicationFactor: 1, shards: 8, config: quick },
  async round({ lab }) {
    const group = lab.rng.int(2);
    const gone = lab.nodes.filter((node) => node.group === group);
    lab.note(`kill ${gone.map(({ id }) => id).join(' and ')}`);
    await Promise.all(gone.map((node) => node.kill()));
    await sleep(3_000);
    lab.note('start them');
    await Promise.all(gone.map((node) => node.start()));
    await sleep(2_000);
  },
};
