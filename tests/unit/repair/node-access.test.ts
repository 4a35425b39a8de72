import { expect, test } from 'vitest';
import { createNodeAccess, type NodeAccessOptions } from '../../../src/repair/node-access.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { indexRecord } from '../store/records.ts';

test('what a repair sends is noted as a task that the node has taken', async () => {
  const committed: StoreChange[] = [];
  const told: [string, number][] = [];
  const enqueuedAt = '2026-01-01T00:00:00.5Z';
  const access = createNodeAccess({
    state: {
      store: undefined as never,
      commit: async (changes) => {
        committed.push(...changes);
      },
    },
    inLine: (_node, _uid, work) => work(3),
    nodeHas: (node, uid) => told.push([node, uid]),
    clients: {
      get: () => ({
        id: 'a',
        request: async () => ({ status: 202, text: JSON.stringify({ taskUid: 9, enqueuedAt }) }),
        close: async () => undefined,
      }),
    },
    timeoutMs: 1_000,
  } satisfies NodeAccessOptions);
  expect(await access.send('a', indexRecord(1), { method: 'POST', path: '/indexes/x/documents', body: '[]' })).toBe(9);
  expect(told).toEqual([['a', 9]]);
  expect(committed).toContainEqual({ kind: 'noteNodeTask', nodeId: 'a', task: { uid: 9, enqueuedAt } });
});
