import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminRebalance } from '../../../src/placement/admin-types.ts';
import { adminKey } from '../../support/cluster.ts';
import { type RawRequest, sendJson } from '../../support/http.ts';
import { type Lab, type LabNode, waitFor } from '../lab.ts';
import { topologyOf } from '../node-content.ts';
import { quick, type Scenario, type Stage } from '../scenario.ts';

const patienceMs = 120_000;
/** Writes at a rate that nodes get through beside the copying, also where all of them share two cores. */
const steady = { retry: true, writers: 2, everyMs: 400 };

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

const killNode = (lab: Lab): Promise<void> => killOneOf(lab, lab.nodes);
const killNewNode = (lab: Lab): Promise<void> =>
  killOneOf(
    lab,
    lab.nodes.filter(({ group }) => group === 1),
  );

async function killOneOf(lab: Lab, nodes: readonly LabNode[]): Promise<void> {
  const node = lab.rng.pick(nodes);
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
  load: steady,
  needsQuiet: true,
  miroirGoes: true,
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
  load: steady,
  needsQuiet: true,
  miroirGoes: true,
  async round(stage) {
    await move(stage, ['PUT', '/replication-factor', { replicationFactor: 2 }], killMiroir);
    await move(stage, ['PUT', '/replication-factor', { replicationFactor: 1 }], killMiroir);
  },
};

/** Ids are never used again: each time the nodes of the group join they have others. */
let joined = 0;

const secondGroup = (lab: Lab) => {
  joined++;
  const nodes = lab.nodes.filter(({ group }) => group === 1);
  return { group: 1, nodes: nodes.map(({ id, proxy }) => ({ id: `${id}-${joined}`, address: proxy.address })) };
};

const removal = ['DELETE', '/groups/1'] as const;

/** A second group comes, goes, and comes again with all that its nodes still have, with Miroir and one of its nodes killed on the way. */
export const groups: Scenario = {
  name: 'groups',
  faults:
    'a replica group is added, removed and added again with its old data; Miroir, then one of its nodes, is killed on the way',
  passes: 'the group serves only once it has everything; no answer is short, its copies equal those of the first group',
  cluster: { nodes: 2, groups: 2, replicationFactor: 2, shards: 12, config: quick },
  load: steady,
  needsQuiet: true,
  miroirGoes: true,
  async prepare(lab) {
    await ask(lab, ...removal);
    await settle(lab);
  },
  async round(stage) {
    const { groups: present } = await topologyOf(stage.lab);
    if (present.length > 1) await move(stage, removal, killMiroir);
    await move(stage, ['POST', '/groups', secondGroup(stage.lab)], killMiroir);
    await move(stage, removal, killMiroir);
    await move(stage, ['POST', '/groups', secondGroup(stage.lab)], killNewNode);
  },
};
