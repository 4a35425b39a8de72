import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startLoad } from '../rebalance/load.ts';
import { allIsRight, startWorld, type World } from '../rebalance/support.ts';
import { abortReshard, indexesOnNodes, reshardIs, reshardTo, rollBack } from './support.ts';

const built = existsSync(join(import.meta.dirname, '../../../dist/main.js'));
/** `npm run test:moves` kills in a few more places. */
const long = process.env.MIROIR_LONG_TESTS === '1';
let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

describe.runIf(built)('Miroir killed', () => {
  test('in each phase of a resharding: it goes on, and no write is lost', async () => {
    world = await startWorld({ miroir: 'child', nodes: 2, shards: 6, config: { rebalance: { docs_per_second: 600 } } });
    const subject = world;
    const kill = async () => {
      await subject.cluster.process?.stop('SIGKILL');
      await subject.cluster.process?.restart();
    };
    const load = startLoad(subject.cluster, subject.oracle, { tolerant: true });
    await reshardTo(subject, 4);
    await kill();
    await reshardIs(subject, ({ copied }) => copied > 0);
    await kill();
    if (long) {
      await reshardIs(subject, ({ step }) => step === 'verifying' || step === 'catching up');
      await kill();
    }
    await reshardIs(subject, ({ step, state }) => step === 'finishing' || state === 'kept');
    await kill();
    await reshardIs(subject, ({ state, shards }) => state === 'kept' && shards === 4);
    if (long) await kill();
    await rollBack(subject);
    await kill();
    await reshardIs(subject, ({ state, shards }) => state === 'kept' && shards === 6);
    await load.stop();
    await allIsRight(subject);
  }, 600_000);

  test('right after an abort: what was begun is cleared away all the same', async () => {
    world = await startWorld({ miroir: 'child', nodes: 2, shards: 4, config: { rebalance: { docs_per_second: 300 } } });
    const before = await indexesOnNodes(world);
    await reshardTo(world, 16);
    await reshardIs(world, ({ copied }) => copied > 0);
    await abortReshard(world);
    await world.cluster.process?.stop('SIGKILL');
    await world.cluster.process?.restart();
    await reshardIs(world, ({ state }) => state === 'idle');
    expect(await indexesOnNodes(world)).toEqual(before);
    await allIsRight(world);
  }, 400_000);
});
