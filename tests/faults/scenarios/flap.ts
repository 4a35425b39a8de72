import { setTimeout as sleep } from 'node:timers/promises';
import { quick, type Scenario } from '../scenario.ts';
import { stateChanges } from './measure.ts';

const flips = 3;

/** Row 3: a node whose connections break, then one that comes and goes. */
export const flap: Scenario = {
  name: 'flap',
  faults: 'RST on 30 % of the connections to one node, then down and up three times',
  passes: 'at most 0.5 % of searches fail; the node is not taken up and down more often than it goes',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  failedSearches: 0.005,
  async round({ lab, fail }) {
    const node = lab.rng.pick(lab.nodes);
    const before = stateChanges(lab, node.id);
    lab.note(`reset 30 % of the connections to ${node.id}`);
    node.proxy.set({ resetShare: 0.3 });
    await sleep(4_000);
    node.proxy.heal();
    for (let flip = 0; flip < flips; flip++) {
      lab.note(`${node.id} goes`);
      await node.proxy.down();
      await sleep(1_000);
      await node.proxy.up();
      await sleep(1_000);
    }
    await sleep(1_000);
    const changes = stateChanges(lab, node.id) - before;
    if (changes > 2 * flips + 2) fail(`${node.id} changed its state ${changes} times`);
  },
};
