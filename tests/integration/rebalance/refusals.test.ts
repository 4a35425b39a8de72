import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../../src/nodes/local.ts';
import type { RawRequest } from '../../support/http.ts';
import { noticedDown, topologyOf } from '../repair/support.ts';
import { askAdmin, atRest, operate, placementNow, startWorld, type World } from './support.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld({ nodes: 2, replicationFactor: 1 });
});

afterAll(() => world?.stop());

/** The change is refused with this error, and nothing has changed. */
async function refused(
  method: RawRequest['method'],
  path: string,
  body: unknown,
  [status, code, message]: readonly [number, string, string | RegExp],
): Promise<void> {
  const before = await topologyOf(world.cluster);
  const answer = await askAdmin(world, method, path, body);
  const error = JSON.parse(answer.text) as { code: string; message: string };
  expect([answer.status, error.code]).toEqual([status, code]);
  if (typeof message === 'string') expect(error.message).toBe(message);
  else expect(error.message).toMatch(message);
  const after = await topologyOf(world.cluster);
  expect(after.version).toBe(before.version);
}

test('changes that make no sense are refused, with the reason, and change nothing', async () => {
  const spare = await world.spare('node-2');
  const nodes = '/_miroir/nodes';
  const invalid = (message: string | RegExp) => [409, 'miroir_invalid_topology', message] as const;
  const unusable = (message: RegExp) => [400, 'miroir_node_unusable', message] as const;
  const before = await placementNow(world);

  await refused('POST', `${nodes}/nobody/drain`, undefined, [
    404,
    'miroir_node_not_found',
    'Node `nobody` is not part of the cluster.',
  ]);
  await refused('POST', nodes, { id: 'node-0', address: spare.address }, invalid('There is already a node `node-0`.'));
  const taken = world.cluster.nodes[0]?.address ?? '';
  await refused(
    'POST',
    nodes,
    { id: 'n', address: taken },
    invalid(`Node \`node-0\` has the address \`${taken}\` already.`),
  );
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  await refused('POST', nodes, { id: 'n', address: nowhere }, unusable(/127\.0\.0\.1/));
  const foreign = await world.spare('foreign', 'quite-another-master-key');
  await refused('POST', nodes, { id: 'n', address: foreign.address }, unusable(/node_master_key/));
  await refused(
    'PUT',
    '/_miroir/replication-factor',
    { replicationFactor: 3 },
    invalid(/would keep too few nodes for 3 copies of each shard/),
  );
  await refused('DELETE', '/_miroir/groups/0', undefined, invalid('The last node cannot be taken out.'));
  await refused('DELETE', '/_miroir/groups/7', undefined, invalid('There is no group 7.'));
  await refused('POST', '/_miroir/rebalance', { action: 'cancel' }, invalid('No rebalance is under way.'));
  expect(await placementNow(world)).toEqual(before);
});

test('a node that is away with the last copy in sync of a shard is not let go, unless that is forced', async () => {
  const node = world.nodes.get('node-1');
  await node?.stop('SIGKILL');
  await noticedDown(world.cluster, 'node-1');
  const stranded = /^Node `node-1` does not answer and has the only readable copy of \d+ shards\. Start it/;
  for (const [method, path, body] of [
    ['DELETE', '/_miroir/nodes/node-1'],
    ['POST', '/_miroir/nodes/node-1/replace', { id: 'n', address: world.nodes.get('node-2')?.address }],
  ] as const) {
    await refused(method, path, body, [409, 'miroir_invalid_topology', stranded]);
  }
  const forced = await askAdmin(world, 'DELETE', '/_miroir/nodes/node-1?force=true&dryRun=true');
  expect(forced.status).toBe(200);
  await node?.restart();
  await atRest(world);
}, 300_000);

test('an id is never used again', async () => {
  const spare = world.nodes.get('node-2');
  await operate(world, 'POST', '/_miroir/nodes', { id: 'node-2', address: spare?.address });
  await atRest(world);
  await operate(world, 'DELETE', '/_miroir/nodes/node-2');
  await atRest(world);
  await refused('POST', '/_miroir/nodes', { id: 'node-2', address: spare?.address }, [
    409,
    'miroir_invalid_topology',
    'Node id `node-2` was used before. Ids are never reused; choose another.',
  ]);
}, 300_000);
