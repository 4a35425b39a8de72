import { afterEach, describe, expect, test } from 'vitest';
import { sendJson, write } from '../../support/http.ts';
import { both } from '../repair/support.ts';
import { baseDocuments, startLoad, uid } from './load.ts';
import { allIsRight, atRest, operate, placementNow, rebalanceOf, startWorld, type World } from './support.ts';

let world: World | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function start(options: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  world = await startWorld(options);
  return world;
}

const steer = (subject: World, action: 'pause' | 'resume' | 'cancel') =>
  operate(subject, 'POST', '/_miroir/rebalance', { action });

describe('a rebalance', () => {
  test('waits while it is paused, and ends as before when it is cancelled', async () => {
    const subject = await start();
    const load = startLoad(subject.cluster, subject.oracle);
    const before = await placementNow(subject);
    await steer(subject, 'pause');
    await operate(subject, 'POST', '/_miroir/nodes/node-1/drain');
    const paused = await rebalanceOf(subject);
    expect([paused.state, paused.copies.done]).toEqual(['paused', 0]);
    expect(paused.filling).toBeGreaterThan(0);
    expect(paused).toMatchObject({ phase: 'copying', pace: { documentsPerSecond: 20_000, reason: 'full speed' } });
    expect(paused.documents.done).toBe(0);
    expect(paused.documents.total).toBeGreaterThan(0);
    expect(paused.moves.length).toBeGreaterThan(0);
    expect(new Set(paused.moves.map(({ index, phase }) => `${index} ${phase}`))).toEqual(new Set([`${uid} waiting`]));
    await steer(subject, 'cancel');
    await steer(subject, 'resume');
    await atRest(subject);
    expect(await placementNow(subject)).toEqual(before);
    await load.stop();
    await allIsRight(subject);
  }, 900_000);
});

describe('in the middle of a move', () => {
  test('settings change, indexes come, go and are swapped, and deletions are counted', async () => {
    const subject = await start({ nodes: 2, shards: 8 });
    const { cluster, oracle } = subject;
    const ask = (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
      both(cluster, oracle, { method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    for (const other of ['gone', 'emptied']) await ask('POST', `/indexes/${other}/documents`, baseDocuments());
    await steer(subject, 'pause');
    await operate(subject, 'PUT', '/_miroir/replication-factor', { replicationFactor: 2 });
    await operate(subject, 'POST', '/_miroir/nodes/node-1/drain?force=true');
    await ask('PATCH', `/indexes/${uid}/settings`, { stopWords: ['the'] });
    await ask('POST', '/indexes/fresh/documents', baseDocuments());
    const emptied = await write(cluster, { method: 'DELETE', path: '/indexes/emptied/documents' });
    const gone = await write(cluster, { method: 'DELETE', path: '/indexes/gone' });
    expect([emptied.details?.deletedDocuments, gone.details?.deletedDocuments]).toEqual([400, 400]);
    for (const path of ['/indexes/emptied/documents', '/indexes/gone']) await write(oracle, { method: 'DELETE', path });
    await steer(subject, 'resume');
    await ask('POST', '/swap-indexes', [{ indexes: ['fresh', 'emptied'] }]);
    await operate(subject, 'POST', '/_miroir/nodes/node-1/activate');
    for (const index of [uid, 'fresh', 'emptied']) await allIsRight(subject, index);
    const settings = await Promise.all(
      [cluster, oracle].map((server) => sendJson(server, 'GET', `/indexes/${uid}/settings`)),
    );
    expect(settings[0]).toEqual(settings[1]);
  }, 900_000);
});
