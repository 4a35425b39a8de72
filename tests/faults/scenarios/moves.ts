import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminRebalance } from '../../../src/placement/admin-types.ts';
import { adminKey } from '../../support/cluster.ts';
import { type RawRequest, sendJson } from '../../support/http.ts';
import { type Lab, waitFor } from '../lab.ts';
import { quick, type Scenario, type Stage } from '../scenario.ts';

const patienceMs = 120_000;

function ask<T>(lab: Lab, method: RawRequest['method'], path: string, body?: unknown): Promise<T> {
  return sendJson<T>({ address: lab.address, masterKey: adminKey }, method, `/_miroir${path}`, body);
}

async function settle(lab: Lab): Promise<boolean> {
  const idle = async () => (await ask<AdminRebalance>(lab, 'GET', '/rebalance/status')).state === 'idle';
  const since = performance.now();
  const settled = await waitFor(idle, patienceMs);
  lab.note(`${settled ? 'moved' : 'still moving'} after ${((performance.now() - since) / 1_000).toFixed(1)} s`);
  return settled;
}

async function killMiroir(lab: Lab): Promise<void> {
  lab.note('kill Miroir');
  await lab.miroir.stop('SIGKILL');
  await lab.miroir.restart();
}

async function killNode(lab: Lab): Promise<void> {
  const node = lab.rng.pick(lab.nodes);
  lab.note(`kill ${node.id}`);
  await node.kill();
  await sleep(2_000);
  await node.start();
}

/** Change the topology, kill something at a random moment of the move, and wait until it is done. */
async function move(
  { lab, fail }: Stage,
  [method, path, body]: readonly [RawRequest['method'], string, unknown?],
  kill: (lab: Lab) => Promise<void>,
): Promise<void> {
  lab.note(`${method} ${path} ${body === undefined ? '' : JSON.stringify(body)}`);
  await ask(lab, method, path, body);
  await sleep(lab.rng.int(3_000));
  await kill(lab);
  if (!(await settle(lab))) fail(`${method} ${path} did not come to its end in ${patienceMs / 1_000} s`);
}

/** From three nodes to four and back, with a node and with Miroir killed on the way. */
export const grow: Scenario = {
  name: 'grow',
  faults: 'three nodes become four, then three again; a random node, then Miroir, is killed on the way',
  passes: 'the moves go on by themselves; no answer is short, each document is where it belongs and nowhere else',
  cluster: { nodes: 4, replicationFactor: 2, shards: 12, config: quick },
  load: { retry: true },
  needsQuiet: true,
  failedSearches: 1,
  async prepare(lab) {
    await ask(lab, 'POST', '/nodes/node-3/drain');
    await settle(lab);
  },
  async round(stage) {
    await move(stage, ['POST', '/nodes/node-3/activate'], killNode);
    await move(stage, ['POST', '/nodes/node-3/drain'], killMiroir);
  },
};

/** From one copy of each shard to two and back, with Miroir killed on the way. */
export const factor: Scenario = {
  name: 'factor',
  faults: 'one copy of each shard becomes two, then one again; Miroir is killed on the way',
  passes: 'the copies are made and deleted all the same; no answer is short',
  cluster: { nodes: 3, replicationFactor: 1, shards: 12, config: quick },
  load: { retry: true },
  needsQuiet: true,
  failedSearches: 1,
  async round(stage) {
    await move(stage, ['PUT', '/replication-factor', { replicationFactor: 2 }], killMiroir);
    await move(stage, ['PUT', '/replication-factor', { replicationFactor: 1 }], killMiroir);
  },
};
