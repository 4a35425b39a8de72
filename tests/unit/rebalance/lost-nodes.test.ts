import { describe, expect, it } from 'vitest';
import { type Absence, changesForLostNodes } from '../../../src/rebalance/lost-nodes.ts';
import type { NodeRecord, NodeState, TopologyRecord } from '../../../src/store/records.ts';

const node = (id: string, state: NodeState = 'active', group = 0): NodeRecord => ({
  id,
  address: `http://${id}`,
  group,
  slot: id,
  state,
});
const record = (nodes: NodeRecord[], replicationFactor = 2): TopologyRecord => ({
  version: 1,
  replicationFactor,
  nodes,
  retired: [],
});
const restoreAfter = 600_000;
const now = 10_000_000;

function changes(topology: TopologyRecord, away: Record<string, number>) {
  const absence = (id: string): Absence => ({ up: away[id] === undefined, since: now - (away[id] ?? 0) });
  return changesForLostNodes(topology, absence, now, restoreAfter);
}

describe('nodes that stay away', () => {
  const three = record([node('a'), node('b'), node('c')]);

  it('are given up when they have been away for long enough, not before', () => {
    expect(changes(three, { b: restoreAfter - 1 })).toEqual([]);
    expect(changes(three, { b: restoreAfter })).toEqual([{ kind: 'lose', node: 'b' }]);
  });

  it('are not given up where the others cannot hold all copies', () => {
    expect(changes(record([node('a'), node('b')]), { b: restoreAfter })).toEqual([]);
    expect(changes(record([node('a'), node('b'), node('c', 'draining')]), { b: restoreAfter })).toEqual([]);
  });

  it('are given up one at a time in a group', () => {
    const four = record([node('a'), node('b'), node('c'), node('d'), node('x', 'active', 1)]);
    expect(changes(four, { b: restoreAfter, c: restoreAfter })).toEqual([{ kind: 'lose', node: 'b' }]);
    const one = record([node('a'), node('b', 'lost'), node('c'), node('d')]);
    expect(changes(one, { b: restoreAfter, c: restoreAfter })).toEqual([]);
  });

  it('are used again when they return', () => {
    expect(changes(record([node('a'), node('b', 'lost'), node('c')]), {})).toEqual([
      { kind: 'activate', nodes: ['b'] },
    ]);
  });

  it('are not judged while nothing is known about them', () => {
    const unknown = () => ({ up: false, since: null });
    expect(changesForLostNodes(three, unknown, now, restoreAfter)).toEqual([]);
  });
});
