import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { allIsRight, atRest, operate, placementNow, planOf, rebalanceOf, startWorld, type World } from './support.ts';

const built = existsSync(join(import.meta.dirname, '../../../dist/main.js'));
/** Looks at what there is to move come twice a second: long enough for a few of them to fill a small copy. */
const severalLooksMs = 4_000;
let world: World | undefined;

afterEach(async () => world?.stop());

/** Restart Miroir with another limit for the size of nodes. */
async function restartWith(subject: World, limit: string): Promise<void> {
  const { config, folder, process } = subject.cluster;
  const changed = { ...config, rebalance: { ...config.rebalance, disk_high_watermark: limit } };
  await process?.stop();
  writeFileSync(join(folder, 'miroir.yaml'), stringify(changed));
  await process?.restart();
}

test.runIf(built)(
  'a node over disk_high_watermark is given no more copies until there is room',
  async () => {
    const config = { rebalance: { disk_high_watermark: '1B' } };
    const subject = await startWorld({ miroir: 'child', nodes: 2, replicationFactor: 1, config });
    world = subject;
    const change = ['PUT', '/_miroir/replication-factor', { replicationFactor: 2 }] as const;
    expect((await planOf(subject, ...change)).warnings).toEqual(
      ['node-0', 'node-1'].map(
        (id) => `node ${id} would pass disk_high_watermark; its copies wait until there is room`,
      ),
    );
    await operate(subject, ...change);
    await sleep(severalLooksMs);
    expect(await rebalanceOf(subject)).toMatchObject({ state: 'moving', copies: { done: 0 } });

    await restartWith(subject, '0B');
    await atRest(subject);
    expect((await placementNow(subject)).every((holders) => holders.length === 2)).toBe(true);
    await allIsRight(subject);
  },
  300_000,
);
