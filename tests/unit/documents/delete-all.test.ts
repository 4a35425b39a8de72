import { beforeAll, describe, expect, it } from 'vitest';
import { deleteAllParts, deleteIndexParts } from '../../../src/documents/delete-all.ts';
import { shardFilter } from '../../../src/documents/markers.ts';
import { isAtRest } from '../../../src/placement/at-rest.ts';
import { initHash } from '../../../src/placement/hash.ts';
import { seedTopology } from '../../../src/placement/seed.ts';
import { createTopologyView } from '../../../src/placement/topology.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import type { PartRecord, TaskRecord } from '../../../src/store/records.ts';
import type { PlannedPart } from '../../../src/tasks/acceptance.ts';
import { endedDetails } from '../../../src/tasks/details.ts';
import { steadyView } from '../placement/steady-view.ts';
import { indexRecord } from '../store/records.ts';

beforeAll(initHash);

const shards = 8;
const index = { ...indexRecord(1), shards };
const nodes = ['a', 'b', 'c'].map((id) => ({ id, address: `http://${id}`, group: 0 }));

function view(but: (steady: ClusterView) => Partial<ClusterView> = () => ({})): ClusterView {
  const topology = createTopologyView(seedTopology({ replicationFactor: 2, nodes }));
  return steadyView(topology, but(steadyView(topology)));
}

/** Shard 3 has a copy on its way out, on the node that does not own it. */
const moving = () =>
  view((steady) => ({
    copies: (_, group, shard) => (shard === 3 ? ['a', 'b', 'c'] : steady.owners(group, shard)),
  }));

describe('an index at rest', () => {
  it('has every copy where it belongs, readable, on nodes that answer, and nothing else', () => {
    expect(isAtRest(view(), index)).toBe(true);
    expect(isAtRest(moving(), index)).toBe(false);
    const stale = view(() => ({ inSync: (_, shard) => shard !== 5 }));
    expect(isAtRest(stale, index)).toBe(false);
    const away = view(() => ({ up: (node) => node !== 'b' }));
    expect(isAtRest(away, index)).toBe(false);
    const surplus = view(() => ({ hasSurplus: (_, node) => node === 'c' }));
    expect(isAtRest(surplus, index)).toBe(false);
  });

  it('is emptied by one request to each node', () => {
    const parts = deleteAllParts(view(), index);
    expect(parts.map(({ nodeId, step, counts }) => [nodeId, step, counts])).toEqual(
      ['a', 'b', 'c'].map((node) => [node, 'delete-all', true]),
    );
  });
});

/** What the details say when every shard has 10 documents, and each node deletes what its part names. */
function deletedBy(type: string, parts: readonly PlannedPart[], onNode: (node: string) => number): unknown {
  const records = parts.map((part) => {
    const body = part.request.body === undefined ? null : (JSON.parse(String(part.request.body)) as { filter: string });
    const named = part.shards ?? [];
    if (body !== null) expect(body.filter).toBe(shardFilter(named));
    const deletedDocuments = body === null ? onNode(part.nodeId) : named.length * 10;
    return { ...part, status: 'succeeded', details: JSON.stringify({ deletedDocuments }) } as unknown as PartRecord;
  });
  const task = { type, details: '{"deletedDocuments":null}' } as TaskRecord;
  return JSON.parse(endedDetails(task, {}, 'succeeded', records, 2) ?? '{}').deletedDocuments;
}

describe('the number of deleted documents', () => {
  it('is right at rest', () => {
    const held = (node: string) =>
      Array.from({ length: shards }, (_, shard) => view().owners(0, shard)).filter((owners) => owners.includes(node))
        .length * 10;
    expect(deletedBy('documentDeletion', deleteAllParts(view(), index), held)).toBe(80);
    expect(deletedBy('indexDeletion', deleteIndexParts(view(), index), held)).toBe(80);
  });

  it('is counted once per shard while copies move, on one that is in sync', () => {
    const unsettled = view((steady) => ({
      copies: (_, group, shard) => (shard === 3 ? ['c', 'a', 'b'] : steady.owners(group, shard)),
      inSync: (_, shard, node) => shard !== 3 || node === 'b',
    }));
    const parts = deleteAllParts(unsettled, index);
    expect(deletedBy('documentDeletion', parts, () => 0)).toBe(80);
    const counting = parts.filter(({ counts, shards: named }) => counts && named?.includes(3));
    expect(counting.map(({ nodeId }) => nodeId)).toEqual(['b']);
    for (const node of ['a', 'b', 'c']) {
      expect(parts.some(({ nodeId, shards: named }) => nodeId === node && named?.includes(3))).toBe(true);
    }
  });

  it('is known of a deleted index because its documents go first', () => {
    const parts = deleteIndexParts(moving(), index);
    expect(deletedBy('indexDeletion', parts, () => 999)).toBe(80);
    const steps = parts.map(({ step }) => step);
    expect(steps.lastIndexOf('delete')).toBeLessThan(steps.indexOf('delete-index'));
  });
});
