import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { machineTime } from '../../../src/nodes/timing.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { createSessions } from '../../../src/tasks/sessions.ts';
import { writeOrigin } from '../../../src/tasks/write-origin.ts';
import { type FakeCluster, startFakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;
beforeAll(initHash);
afterEach(() => cluster.close());

const write = (session: string) =>
  writeOrigin.run({ idempotencyKey: null, fingerprint: () => '', session }, () => cluster.write([0, 1, 2, 3]));
const sessions = (maxWaitMs: number) =>
  createSessions({ active: cluster.engine.active, timing: machineTime, maxWaitMs });
const hold = () => {
  for (const n of cluster.nodes.values()) n.outcome = null;
};
const letGo = () => {
  for (const n of cluster.nodes.values()) n.outcome = () => 'succeeded';
};

describe('a session', () => {
  it('waits for its own writes to the index, and no others', async () => {
    cluster = await startFakeCluster(2);
    hold();
    await write('mine');
    await write('theirs');
    const short = sessions(20);
    expect(await short.settle('mine', 'movies')).toBe(0);
    expect(await short.settle('theirs', null)).toBe(1);
    expect(await short.settle('mine', 'books')).toBeNull();
    expect(await short.settle('somebody', null)).toBeNull();
    const waiting = sessions(60_000).settle('mine', 'movies');
    letGo();
    expect(await waiting).toBeNull();
    expect((await cluster.store.task(0))?.phase).toBe('ended');
  });

  it('is kept over a restart', async () => {
    cluster = await startFakeCluster(2);
    hold();
    await write('mine');
    await cluster.crash();
    expect(await sessions(20).settle('mine', 'movies')).toBe(0);
    letGo();
    expect(await sessions(60_000).settle('mine', 'movies')).toBeNull();
  });
});
