import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminReshard } from '../../../src/placement/admin-types.ts';
import { adminKey } from '../../support/cluster.ts';
import { type RawRequest, sendJson } from '../../support/http.ts';
import { indexUid } from '../data.ts';
import { type Lab, waitFor } from '../lab.ts';
import { quick, type Scenario, type Stage } from '../scenario.ts';

const patienceMs = 300_000;
const [few, many] = [16, 64];

function ask(lab: Lab, method: RawRequest['method'], rest = '', body?: unknown): Promise<AdminReshard> {
  const path = `/_miroir/indexes/${indexUid}/reshard${rest}`;
  return sendJson({ address: lab.address, masterKey: adminKey }, method, path, body);
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

/** Wait until the index serves with so many shards. */
async function served({ lab, fail }: Stage, shards: number): Promise<void> {
  const since = performance.now();
  const switched = await waitFor(async () => {
    const status = await ask(lab, 'GET');
    return status.state === 'kept' && status.shards === shards;
  }, patienceMs);
  lab.note(`${switched ? '' : 'not '}switched after ${((performance.now() - since) / 1_000).toFixed(1)} s`);
  if (!switched) fail(`the index does not serve with ${shards} shards after ${patienceMs / 1_000} s`);
}

/** Another number of shards, and back, with a node and Miroir killed on the way. */
export const reshard: Scenario = {
  name: 'reshard',
  faults: 'an index of 16 shards gets 64, then goes back; a random node, then Miroir, is killed on the way',
  passes: 'the resharding goes on by itself; no answer is short, each document is where it belongs and nowhere else',
  cluster: { nodes: 3, replicationFactor: 2, shards: few, config: quick },
  load: { retry: true },
  needsQuiet: true,
  miroirGoes: true,
  async round(stage) {
    const { lab } = stage;
    lab.note(`reshard to ${many}`);
    await ask(lab, 'POST', '', { shards: many });
    await sleep(lab.rng.int(3_000));
    await killNode(lab);
    await killMiroir(lab);
    await served(stage, many);
    lab.note('roll back');
    await ask(lab, 'POST', '/rollback');
    await killMiroir(lab);
    await served(stage, few);
    await ask(lab, 'POST', '/finish');
  },
};
