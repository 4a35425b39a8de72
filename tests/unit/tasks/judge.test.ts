import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PartRecord, PartStatus } from '../../../src/store/records.ts';
import { type JudgeContext, judge } from '../../../src/tasks/judge.ts';

let next = 0;
function part(nodeId: string, shards: number[], status: PartStatus, extra: Partial<PartRecord> = {}): PartRecord {
  return {
    taskUid: 1,
    part: next++,
    nodeId,
    step: 'documents',
    shards: JSON.stringify(shards),
    counts: false,
    nodeTaskUid: 1,
    nodeEnqueuedAt: null,
    shadowId: null,
    request: null,
    status,
    details: null,
    error: null,
    startedAt: null,
    finishedAt: null,
    ...extra,
  };
}

const context = (over: Partial<JudgeContext> = {}): JudgeContext => ({
  shardsOf: (p) => JSON.parse(p.shards ?? '[]') as number[],
  inSync: () => true,
  up: () => true,
  ...over,
});

describe('judge', () => {
  it('waits for every open part on a node that is up', () => {
    expect(judge([part('a', [0], 'succeeded'), part('b', [0], 'processing')], context())).toEqual({ state: 'waiting' });
  });

  it('ends without a node that is down when another copy of each of its shards succeeded', () => {
    const parts = [part('a', [0, 1], 'succeeded'), part('b', [0, 1], 'enqueued')];
    const judged = judge(parts, context({ up: (node) => node !== 'b' }));
    expect(judged).toMatchObject({ state: 'ended', status: 'succeeded', diverged: [] });
  });

  it('waits for a node that is down and holds the only copy', () => {
    const parts = [part('a', [0], 'succeeded'), part('b', [1], 'enqueued')];
    expect(judge(parts, context({ up: (node) => node !== 'b' })).state).toBe('waiting');
  });

  it('fails with the first failing part when all copies of a shard failed', () => {
    const first = part('a', [0], 'failed', { error: '{}' });
    const judged = judge([first, part('b', [0], 'failed', { error: '{}' }), part('c', [1], 'succeeded')], context());
    expect(judged).toMatchObject({ state: 'ended', status: 'failed', failedPart: first });
  });

  it('succeeds, and names the copy as diverged, when only one copy failed', () => {
    const judged = judge([part('a', [0, 2], 'succeeded'), part('b', [0, 2], 'failed')], context());
    expect(judged).toMatchObject({
      state: 'ended',
      status: 'succeeded',
      diverged: [{ nodeId: 'b', shards: [0, 2] }],
    });
  });

  it('does not let a stale copy decide', () => {
    const parts = [part('a', [0], 'failed', { error: '{}' }), part('b', [0], 'succeeded')];
    const judged = judge(parts, context({ inSync: (node) => node === 'a' }));
    expect(judged).toMatchObject({ status: 'failed', diverged: [{ nodeId: 'b', shards: [0] }] });
  });

  it('passes over a copy that never took the task and has been repaired since', () => {
    const missed = part('b', [0], 'missed', { nodeTaskUid: null });
    const parts = [part('a', [0], 'succeeded'), missed];
    expect(judge(parts, context())).toMatchObject({ status: 'succeeded', diverged: [] });
    // even when the copy it was repaired from has become stale since
    expect(judge(parts, context({ inSync: (node) => node === 'b' }))).toMatchObject({
      status: 'succeeded',
      diverged: [],
    });
    // a node that took the task and lost it has no such excuse
    const lost = { ...missed, nodeTaskUid: 4 };
    expect(judge([parts[0]!, lost], context())).toMatchObject({ diverged: [{ nodeId: 'b', shards: [0] }] });
  });

  it('lets no roll-back part decide, but waits for it', () => {
    const failed = part('a', [0], 'failed', { error: '{}', step: 'settings' });
    const undo = part('b', [0], 'processing', { step: 'rollback' });
    expect(judge([failed, undo], context()).state).toBe('waiting');
    const done = { ...undo, status: 'failed' as const };
    expect(judge([failed, done], context())).toMatchObject({ status: 'failed', failedPart: failed });
  });

  it('is canceled when no copy of a shard did it and none failed', () => {
    expect(judge([part('a', [0], 'canceled'), part('b', [1], 'succeeded')], context())).toMatchObject({
      status: 'canceled',
    });
  });

  it('ends at once without parts', () => {
    expect(judge([], context())).toMatchObject({ state: 'ended', status: 'succeeded' });
  });

  it('reports success only if every shard has a successful copy, whatever happened (property)', () => {
    const statuses = fc.constantFrom<PartStatus>('succeeded', 'failed', 'missed', 'canceled', 'enqueued', 'processing');
    const anyPart = fc
      .record({
        node: fc.constantFrom('a', 'b', 'c'),
        shards: fc.uniqueArray(fc.nat(4), { minLength: 1 }),
        status: statuses,
      })
      .map(({ node, shards, status }) => part(node, shards, status));
    fc.assert(
      fc.property(fc.array(anyPart, { minLength: 1, maxLength: 8 }), fc.boolean(), (parts, bDown) => {
        const ctx = context({ up: (node) => !(bDown && node === 'b') });
        const judged = judge(parts, ctx);
        if (judged.state === 'waiting') return;
        const shards = new Set(parts.flatMap((p) => ctx.shardsOf(p)));
        for (const shard of shards) {
          const nodes = groupByNode(parts.filter((p) => ctx.shardsOf(p).includes(shard)));
          const good = nodes.some((list) => list.every((p) => p.status === 'succeeded'));
          if (judged.status === 'succeeded') expect(good).toBe(true);
        }
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });
});

function groupByNode(parts: PartRecord[]): PartRecord[][] {
  const groups = new Map<string, PartRecord[]>();
  for (const p of parts) groups.set(p.nodeId, [...(groups.get(p.nodeId) ?? []), p]);
  return [...groups.values()];
}
