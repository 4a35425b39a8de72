import { describe, expect, it } from 'vitest';
import type { PartRecord, PartStatus } from '../../../src/store/records.ts';
import { missedWrites } from '../../../src/tasks/handout.ts';

const part = (nodeId: string, shards: number[], status: PartStatus, position = 0): PartRecord => ({
  taskUid: 1,
  part: position,
  nodeId,
  step: 'documents',
  shards: JSON.stringify(shards),
  counts: false,
  nodeTaskUid: null,
  nodeEnqueuedAt: null,
  request: null,
  status,
  details: null,
  error: null,
  startedAt: null,
  finishedAt: null,
});
const shardsOf = (p: PartRecord) => JSON.parse(p.shards ?? '[]') as number[];
const view = { groups: () => [0, 1], nodes: (group: number) => (group === 0 ? ['a', 'b'] : ['c']) };

describe('missedWrites', () => {
  it('finds nothing when every node took its parts', () => {
    const missed = missedWrites([part('a', [0], 'enqueued'), part('b', [1], 'failed')], shardsOf, 1, view);
    expect(missed).toEqual({ stale: [], unwritten: [], degraded: null });
  });

  it('marks the copies that missed what another copy took', () => {
    const missed = missedWrites([part('a', [0, 1], 'enqueued'), part('c', [0, 1], 'missed')], shardsOf, 1, view);
    expect(missed.stale).toEqual([
      { shard: 0, nodeId: 'c' },
      { shard: 1, nodeId: 'c' },
    ]);
    expect(missed.unwritten).toEqual([]);
    expect(missed.degraded).toEqual({ groups: [1], shards: [0, 1] });
  });

  it('marks nothing stale where no copy took the write, and says that it is unwritten', () => {
    const missed = missedWrites([part('a', [0], 'missed'), part('c', [0], 'missed')], shardsOf, 1, view);
    expect(missed.stale).toEqual([]);
    expect(missed.unwritten).toEqual([0]);
  });

  it('asks for as many copies as configured, but never for more than there are', () => {
    const parts = [part('a', [0], 'enqueued'), part('c', [0], 'missed')];
    expect(missedWrites(parts, shardsOf, 2, view).unwritten).toEqual([0]);
    expect(missedWrites([part('a', [0], 'enqueued'), part('b', [1], 'enqueued')], shardsOf, 2, view).unwritten).toEqual(
      [],
    );
  });

  it('does not count what a stale copy took, because repairing it would undo the write', () => {
    const parts = [part('a', [0], 'enqueued'), part('c', [0], 'missed')];
    const inSync = (nodeId: string) => nodeId !== 'a';
    expect(missedWrites(parts, shardsOf, 1, view, inSync)).toMatchObject({ stale: [], unwritten: [0] });
  });

  it('counts a node that took only one of its parts as having missed the write', () => {
    const parts = [part('a', [0], 'enqueued', 0), part('a', [0], 'missed', 1), part('c', [0], 'enqueued', 2)];
    expect(missedWrites(parts, shardsOf, 1, view).stale).toEqual([{ shard: 0, nodeId: 'a' }]);
  });
});
