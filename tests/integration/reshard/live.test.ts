import { afterEach, expect, test } from 'vitest';
import { startLoad } from '../rebalance/load.ts';
import { allIsRight, placementNow, startWorld, type World } from '../rebalance/support.ts';
import { finishReshard, reshardIs, reshardStatus, reshardTo } from './support.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

test('writers and deleters go on while an index gets more shards and then as few again', async () => {
  world = await startWorld({ nodes: 2, replicationFactor: 2, shards: 4 });
  const load = startLoad(world.cluster, world.oracle);
  await reshardTo(world, 16);
  const switched = await reshardIs(world, ({ state }) => state === 'kept');
  expect(switched).toMatchObject({ shards: 16, otherShards: 4, rollback: false, error: null });
  expect(await placementNow(world)).toHaveLength(16);

  await finishReshard(world);
  expect(await reshardStatus(world)).toMatchObject({ state: 'dropping', shards: 16 });

  await reshardTo(world, 4);
  await reshardIs(world, ({ state, shards }) => state === 'kept' && shards === 4);
  await load.stop();
  await allIsRight(world);
}, 600_000);
