import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { waitFor } from '../lab.ts';
import { openNodeTasks } from '../node-content.ts';
import { quick, type Scenario } from '../scenario.ts';
import { writeRequests } from './measure.ts';

/** Where in a write Miroir is killed: which nodes' answers are held back, and how long after the node got it. */
const moments = [
  { when: 'before any node answered', late: [0, 1, 2], afterMs: 0 },
  { when: 'after one of three nodes answered', late: [1, 2], afterMs: 150 },
  { when: 'about when the last node answered', late: [], afterMs: 0 },
  { when: 'before the task ended', late: [], afterMs: 60 },
];

async function nextWrite(lab: Lab): Promise<void> {
  const count = () => lab.nodes.reduce((sum, node) => sum + writeRequests(node), 0);
  for (const before = count(); count() === before; ) await sleep(1);
}

/** Row 7: Miroir is killed at every step of a write; clients send again with the same idempotency key. */
export const crashMiroir: Scenario = {
  name: 'crash-miroir',
  faults: 'SIGKILL Miroir at four moments of a write, restart; clients retry with an idempotency key',
  passes: 'each write becomes one task, no node task is left over',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  load: { retry: true },
  miroirGoes: true,
  async round({ lab }) {
    for (const { when, late, afterMs } of moments) {
      for (const position of late) lab.nodes[position]?.proxy.set({ latencyMs: 400 });
      await sleep(300);
      await nextWrite(lab);
      await sleep(afterMs);
      lab.note(`kill Miroir ${when}`);
      await lab.miroir.stop('SIGKILL');
      for (const node of lab.nodes) node.proxy.heal();
      await lab.miroir.restart();
      await sleep(800);
    }
  },
  async judge({ lab, fail }) {
    for (const node of lab.nodes) {
      const idle = await waitFor(async () => (await openNodeTasks(node)) === 0, 10_000);
      if (!idle) fail(`${node.id} has tasks left over`);
    }
  },
};
