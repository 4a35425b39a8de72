import { afterEach, expect, test } from 'vitest';
import { startLoad } from '../rebalance/load.ts';
import { allIsRight, placementNow, startWorld, type World } from '../rebalance/support.ts';
import { finishReshard, reshardIs, reshardStatus, reshardTo, rollBack } from './support.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

test('writers and deleters go on while an index gets more shards, goes back, and gets fewer', async () => {
  world = await startWorld({ shards: 4, replicationFactor: 2 });
  const load = startLoad(world.cluster, world.oracle);
  await reshardTo(world, 16);
  const switched = await reshardIs(world, ({ state }) => state === 'kept');
  expect(switched).toMatchObject({ shards: 16, otherShards: 4, rollback: false, error: null });
  expect(await placementNow(world)).toHaveLength(16);

  await rollBack(world);
  await reshardIs(world, ({ state, shards }) => state === 'kept' && shards === 4);
  expect(await placementNow(world)).toHaveLength(4);

  await rollBack(world);
  await reshardIs(world, ({ state, shards }) => state === 'kept' && shards === 16);
  await finishReshard(world);
  expect(await reshardStatus(world)).toMatchObject({ state: 'dropping', shards: 16 });

  await reshardTo(world, 6);
  await reshardIs(world, ({ state, shards }) => state === 'kept' && shards === 6);
  await load.stop();
  await allIsRight(world);
}, 240_000);
