import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initHash } from '../../../src/placement/hash.ts';
import { writeOrigin } from '../../../src/tasks/write-origin.ts';
import { type FakeCluster, startFakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;
const node = (id: string) => cluster.nodes.get(id)!;
beforeAll(initHash);
afterEach(() => cluster.close());

const write = (idempotencyKey: string | null, fingerprint = 'same') =>
  writeOrigin.run({ idempotencyKey, fingerprint: () => fingerprint, session: null }, () => cluster.write([0, 1, 2, 3]));

describe('an idempotency key', () => {
  it('makes repetitions one write, under way, later and after a restart', async () => {
    cluster = await startFakeCluster(2);
    const [first, joined] = await Promise.all([write('k'), write('k')]);
    expect([first?.uid, joined?.uid]).toEqual([0, 0]);
    expect([first?.replayed, joined?.replayed]).toEqual([false, true]);
    expect(await write('k')).toMatchObject({ uid: 0, replayed: true });
    await cluster.crash();
    expect(await write('k')).toMatchObject({ uid: 0, replayed: true });
    expect((await write('other')).uid).toBe(1);
    expect((await write(null)).uid).toBe(2);
    expect(node('a').tasks.length).toBe(3);
  });

  it('is refused with another request, also while the first is under way', async () => {
    cluster = await startFakeCluster(2);
    const first = write('k');
    const reused = { code: 'miroir_idempotency_key_reused', status: 409 };
    await expect(write('k', 'different')).rejects.toMatchObject(reused);
    await first;
    await expect(write('k', 'different')).rejects.toMatchObject(reused);
    await cluster.ended(0);
    expect(await cluster.store.task(1)).toBeNull();
  });

  it('is new again after a refusal and after a write that was not acknowledged', async () => {
    cluster = await startFakeCluster(1);
    for (const n of cluster.nodes.values()) n.up = false;
    await expect(write('k')).rejects.toMatchObject({ code: 'miroir_shard_unavailable' });
    for (const n of cluster.nodes.values()) n.up = true;
    for (const n of cluster.nodes.values()) n.behaviour = 'disk-full';
    await expect(write('k')).rejects.toMatchObject({ code: 'miroir_write_incomplete' });
    for (const n of cluster.nodes.values()) n.behaviour = 'bad-request';
    await expect(write('k')).rejects.toMatchObject({ code: 'invalid_document_filter' });
    for (const n of cluster.nodes.values()) n.behaviour = 'accept';
    expect(await write('k')).toMatchObject({ uid: 2, replayed: false });
  });

  it('gives the task that was completed after a crash, or writes again when it was not', async () => {
    cluster = await startFakeCluster(3);
    for (const n of cluster.nodes.values()) n.behaviour = 'lose-answer';
    void write('taken').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const n of cluster.nodes.values()) n.behaviour = 'accept';
    await cluster.crash();
    expect(await write('taken')).toMatchObject({ uid: 0, replayed: true });

    for (const n of cluster.nodes.values()) n.behaviour = 'hang';
    void write('lost').catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const n of cluster.nodes.values()) n.up = false;
    await cluster.crash();
    for (const n of cluster.nodes.values()) n.up = true;
    for (const n of cluster.nodes.values()) n.behaviour = 'accept';
    expect(await write('lost')).toMatchObject({ uid: 2, replayed: false });
  });

  it('is forgotten in time', async () => {
    let ahead = 0;
    cluster = await startFakeCluster(2, undefined, undefined, { now: () => Date.now() + ahead });
    expect((await write('k')).uid).toBe(0);
    ahead = 61_000;
    expect(await write('k', 'different')).toMatchObject({ uid: 1, replayed: false });
  });
});
