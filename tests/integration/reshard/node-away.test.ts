import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { write } from '../../support/http.ts';
import { startLoad } from '../rebalance/load.ts';
import { allIsRight, startWorld, type World } from '../rebalance/support.ts';
import { reshardIs, reshardStatus, reshardTo, rollBack } from './support.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

test('a node that is away while the former layout is kept is made up for in both', async () => {
  world = await startWorld({
    shards: 3,
    replicationFactor: 2,
    config: { health: { interval: '200ms', timeout: '1s', down_after: 2, up_after: 1 } },
  });
  const subject = world;
  const load = startLoad(subject.cluster, subject.oracle, { tolerant: true });
  await reshardTo(subject, 8);
  await reshardIs(subject, ({ state }) => state === 'kept');
  await subject.nodes.get('node-1')?.stop('SIGKILL');
  await sleep(3_000);
  await write(subject.cluster, { method: 'POST', path: '/indexes/away/documents', body: '[{"id":1}]' });
  await subject.nodes.get('node-1')?.restart();
  await load.stop();
  await allIsRight(subject);
  await rollBack(subject);
  await reshardIs(subject, ({ state, shards }) => state === 'kept' && shards === 3);
  await allIsRight(subject);
  expect((await reshardStatus(subject)).error).toBeNull();
}, 400_000);
