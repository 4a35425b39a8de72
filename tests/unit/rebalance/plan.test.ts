import { beforeAll, expect, it } from 'vitest';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { seedTopology } from '../../../src/placement/seed.ts';
import { changeTopology } from '../../../src/rebalance/change.ts';
import { tellPlan } from '../../../src/rebalance/plan.ts';
import { transition } from '../../../src/rebalance/transition.ts';
import { indexRecord } from '../store/records.ts';

beforeAll(initHash);

const index = { ...indexRecord(1), shards: 64 };
const before = seedTopology({
  replicationFactor: 2,
  nodes: ['a', 'b', 'c'].map((id) => ({ id, address: `http://${id}`, group: 0 })),
});
/** 6,400 documents of 1,000 bytes, two copies of each: a hundred documents a shard. */
const capacities = new Map(
  ['a', 'b', 'c'].map((id) => {
    const [documents, bytes] = [12_800 / 3, 12_800_000 / 3];
    return [id, { documents, bytes, indexes: { [index.physicalUid]: { documents, bytes } } }];
  }),
);

function plan(highWatermark: number | null, documentsPerSecond = 100) {
  const after = changeTopology(before, { kind: 'add', nodes: [{ id: 'd', address: 'http://d', group: 0 }] });
  const moved = transition(before, after, { indexes: [index], copies: createCopyStates([], []), since: '' });
  return tellPlan({ before, after, transition: moved, capacities, documentsPerSecond, highWatermark });
}

it('a plan tells copies, documents, bytes and time, by node', () => {
  const told = plan(null);
  expect(told.copies).toBeGreaterThan(16);
  expect(told.documents).toBe(told.copies * 100);
  expect(told.bytes).toBe(told.copies * 100_000);
  expect(told.seconds).toBe(told.copies * 2);
  expect(plan(null, 0).seconds).toBe(null);
  expect(told.nodes.find(({ id }) => id === 'd')).toEqual({ id: 'd', gains: told.copies, loses: 0 });
  expect(told.nodes.reduce((sum, { loses }) => sum + loses, 0)).toBe(told.copies);
  expect(told.warnings).toEqual([]);
});

it('and warns about a node that has no room', () => {
  expect(plan(1_000_000).warnings.join()).toContain('node d would pass disk_high_watermark');
});
