import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { FileInput } from '../../../src/config/schema.ts';
import { topologyOf } from '../repair/support.ts';
import { startLoad } from './load.ts';
import { allIsRight, atRest, operate, placementNow, startWorld, type World } from './support.ts';

const built = existsSync(join(import.meta.dirname, '../../../dist/main.js'));
let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function start(options: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  world = await startWorld({ miroir: 'child', ...options });
  return world;
}

const holders = (placement: readonly string[][]) => [...new Set(placement.flat())].sort();

describe.runIf(built)('killed in the middle of a move', () => {
  test('Miroir, at several moments', async () => {
    const subject = await start();
    const spare = await subject.spare('node-3');
    const load = startLoad(subject.cluster, subject.oracle, { tolerant: true });
    await operate(subject, 'POST', '/_miroir/nodes', { id: 'node-3', address: spare.address });
    for (const ms of [50, 900, 2_500]) {
      await sleep(ms);
      await subject.cluster.process?.stop('SIGKILL');
      await subject.cluster.process?.restart();
    }
    await atRest(subject);
    expect(holders(await placementNow(subject))).toContain('node-3');
    await load.stop();
    await allIsRight(subject);
  }, 900_000);

  test('the source and the target', async () => {
    const subject = await start({ replicationFactor: 2 });
    const spare = await subject.spare('node-3');
    const load = startLoad(subject.cluster, subject.oracle, { tolerant: true });
    await operate(subject, 'POST', '/_miroir/nodes/node-0/replace', { id: 'node-3', address: spare.address });
    for (const id of ['node-3', 'node-0']) {
      await sleep(700);
      await subject.nodes.get(id)?.stop('SIGKILL');
      await sleep(1_500);
      await subject.nodes.get(id)?.restart();
    }
    await atRest(subject);
    expect(holders(await placementNow(subject))).toEqual(['node-1', 'node-2', 'node-3']);
    await load.stop();
    await allIsRight(subject);
  }, 900_000);

  test('a node that is lost for long is replaced by the others, and used again when it comes back', async () => {
    const subject = await start({ replicationFactor: 2, config: { rebalance: { restore_after: '2s' } } });
    const before = await placementNow(subject);
    const load = startLoad(subject.cluster, subject.oracle, { tolerant: true });
    await subject.nodes.get('node-1')?.stop('SIGKILL');
    for (let seconds = 0; holders(await placementNow(subject)).includes('node-1'); seconds++) {
      expect(seconds).toBeLessThan(240);
      await sleep(1_000);
    }
    await subject.nodes.get('node-1')?.restart();
    for (let seconds = 0; !holders(await placementNow(subject)).includes('node-1'); seconds++) {
      expect(seconds).toBeLessThan(240);
      await sleep(1_000);
    }
    await atRest(subject);
    expect(await placementNow(subject)).toEqual(before);
    await load.stop();
    await allIsRight(subject);
  }, 900_000);
});

describe.runIf(built)('an edited configuration', () => {
  test('brings nodes in, lets nodes go and changes the number of copies', async () => {
    const subject = await start();
    const spare = await subject.spare('node-3');
    const { config, folder, process } = subject.cluster;
    const restartWith = async (edited: FileInput) => {
      await process?.stop();
      writeFileSync(join(folder, 'miroir.yaml'), stringify(edited));
      await process?.restart();
      await atRest(subject);
    };
    const nodes = [...(config.nodes ?? []), { id: 'node-3', address: spare.address, group: 0 }];
    await restartWith({ ...config, nodes });
    expect(holders(await placementNow(subject))).toEqual(['node-0', 'node-1', 'node-2', 'node-3']);
    const fewer = nodes.filter(({ id }) => id !== 'node-0');
    await restartWith({ ...config, nodes: fewer, replication_factor: 2 });
    const placement = await placementNow(subject);
    expect(holders(placement)).toEqual(['node-1', 'node-2', 'node-3']);
    for (const copies of placement) expect(copies).toHaveLength(2);
    const { groups } = await topologyOf(subject.cluster);
    expect(groups.flatMap((group) => group.nodes.map(({ id }) => id))).toEqual(['node-1', 'node-2', 'node-3']);
    await allIsRight(subject);
  }, 900_000);
});
