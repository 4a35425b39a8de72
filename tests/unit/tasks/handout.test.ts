import { describe, expect, it } from 'vitest';
import { createCopyStates } from '../../../src/placement/copies.ts';
import type { PartRecord, PartStatus } from '../../../src/store/records.ts';
import type { ClusterState } from '../../../src/tasks/cluster-state.ts';
import { type WritePolicy, writtenShards } from '../../../src/tasks/consistency.ts';
import { fateOfPart, missedWrites } from '../../../src/tasks/handout.ts';
import { movies } from './fake-cluster.ts';

const part = (nodeId: string, shards: number[], status: PartStatus, position = 0): PartRecord => ({
  taskUid: 1,
  part: position,
  nodeId,
  step: 'documents',
  shards: JSON.stringify(shards),
  counts: false,
  nodeTaskUid: null,
  nodeEnqueuedAt: null,
  shadowId: null,
  request: null,
  status,
  details: null,
  error: null,
  startedAt: null,
  finishedAt: null,
});
const inSync = (minCopies = 1): WritePolicy => ({ consistency: 'in_sync', minCopies });
/** Nodes a and b are group 0, c and d group 1. */
function judged(parts: PartRecord[], policy = inSync(), stale: { shard: number; nodeId: string }[] = []) {
  const view = { groups: () => [0, 1], nodes: (group: number) => (group === 0 ? ['a', 'b'] : ['c', 'd']) };
  const marks = stale.map((copy) => ({ ...copy, indexId: movies.id, since: '', reason: '', cause: 'missed' as const }));
  const state = {
    shardsOfPart: (p: PartRecord) => JSON.parse(p.shards ?? '[]') as number[],
    copies: createCopyStates(marks, []),
    view,
  } as unknown as ClusterState;
  return missedWrites(writtenShards(state, movies, parts, fateOfPart), policy);
}

describe('missedWrites', () => {
  it('finds nothing when every node took its parts', () => {
    const missed = judged([part('a', [0], 'enqueued'), part('b', [1], 'failed')]);
    expect(missed).toEqual({ stale: [], unwritten: [], untouched: false, degraded: null });
  });

  it('marks the copies that missed what another copy took', () => {
    const missed = judged([part('a', [0, 1], 'enqueued'), part('c', [0, 1], 'missed')]);
    expect(missed.stale).toEqual([
      { shard: 0, nodeId: 'c' },
      { shard: 1, nodeId: 'c' },
    ]);
    expect(missed.unwritten).toEqual([]);
    expect(missed.degraded).toEqual({ groups: [1], shards: [0, 1] });
  });

  it('marks nothing stale where no copy took the write, and says that it is unwritten', () => {
    const missed = judged([part('a', [0], 'missed'), part('c', [0], 'missed')]);
    expect(missed.stale).toEqual([]);
    expect(missed.unwritten).toEqual([0]);
  });

  it('asks for as many copies as configured, but never for more than there are', () => {
    const parts = [part('a', [0], 'enqueued'), part('c', [0], 'missed')];
    expect(judged(parts, inSync(2)).unwritten).toEqual([0]);
    expect(judged([part('a', [0], 'enqueued'), part('b', [1], 'enqueued')], inSync(2)).unwritten).toEqual([]);
  });

  it('does not count what a stale copy took, and has its repair undo the write', () => {
    const parts = [part('a', [0], 'enqueued'), part('c', [0], 'missed')];
    const a = { shard: 0, nodeId: 'a' };
    expect(judged(parts, inSync(), [a])).toMatchObject({ stale: [a], unwritten: [0] });
  });

  it.each(['enqueued', 'missed', 'unknown'] as const)(
    'has the repair of a stale copy (%s) look where nobody knows what the one in sync holds',
    (fate) => {
      const a = { shard: 0, nodeId: 'a' };
      const parts = [part('a', [0], fate), part('c', [0], 'unknown')];
      expect(judged(parts, inSync(), [a])).toMatchObject({ stale: [a], unwritten: [0] });
    },
  );

  it('goes by a copy that certainly did not take what none took', () => {
    const parts = [part('a', [0], 'unknown'), part('b', [0], 'missed'), part('c', [0], 'missed')];
    expect(judged(parts).stale).toEqual([{ shard: 0, nodeId: 'a' }]);
  });

  it('counts a node that took only one of its parts as having missed the write', () => {
    const parts = [part('a', [0], 'enqueued', 0), part('a', [0], 'missed', 1), part('c', [0], 'enqueued', 2)];
    expect(judged(parts).stale).toEqual([{ shard: 0, nodeId: 'a' }]);
  });
});
