import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { shardFilter } from '../../../src/documents/markers.ts';
import type { NodeClient, NodeRequest } from '../../../src/nodes/client.ts';
import { createCopyStates } from '../../../src/placement/copies.ts';
import { type CleanerOptions, createCleaner } from '../../../src/rebalance/cleaner.ts';
import type { LeavingCopy } from '../../../src/store/records.ts';
import type { StoreChange } from '../../../src/store/store.ts';
import { indexRecord } from '../store/records.ts';

const index = { ...indexRecord(1), shards: 8 };
const surplus = (shard: number): LeavingCopy => ({
  indexId: 1,
  shard,
  nodeId: 'a',
  state: 'surplus',
  since: '2026-01-01T00:00:00Z',
});

let copies: ReturnType<typeof createCopyStates>;
let sent: NodeRequest[];
let options: CleanerOptions;
let indexStatus: number;

beforeEach(() => {
  copies = createCopyStates([], [surplus(1), surplus(2)]);
  sent = [];
  indexStatus = 200;
  const client = {
    id: 'a',
    async request(request: NodeRequest) {
      sent.push(request);
      if (request.method === 'GET') return { status: indexStatus, text: '{}' };
      return { status: 202, text: '{"taskUid":7}' };
    },
  } as unknown as NodeClient;
  options = {
    state: {
      copies,
      catalog: { byId: () => index },
      view: { up: () => true },
      commit: async (changes: readonly StoreChange[]) => copies.apply(changes),
    } as unknown as CleanerOptions['state'],
    clients: { get: () => client },
    inLine: ((_node: string, _uid: string, work: (after: number) => unknown) =>
      work(0)) as unknown as CleanerOptions['inLine'],
    nodeHas: () => undefined,
    ended: async () => 'succeeded',
    timeoutMs: 1_000,
    log: pino({ enabled: false }),
  };
});

const filterOf = (request: NodeRequest | undefined) => (JSON.parse(String(request?.body)) as { filter: string }).filter;

describe('cleaning', () => {
  it('deletes the documents of all surplus copies of an index on a node, then forgets the copies', async () => {
    expect(await createCleaner(options).clean()).toBe(2);
    expect(sent.map(filterOf)).toEqual([shardFilter([1, 2])]);
    expect(copies.leaving()).toEqual([]);
  });

  it('writes the deletion down, so that it is no client’s after a crash, and is missed when the disk is lost', async () => {
    const noted: StoreChange[] = [];
    const { commit } = options.state;
    options.state.commit = async (changes) => {
      noted.push(...changes.filter(({ kind }) => kind !== 'deleteLeaving'));
      return commit(changes);
    };
    await createCleaner(options).clean();
    const record = { nodeId: 'a', indexId: 1, seq: expect.any(Number), afterTask: 0 };
    expect(noted).toEqual([
      { kind: 'putRepairTask', record: { ...record, nodeTaskUid: null } },
      { kind: 'putRepairTask', record: { ...record, nodeTaskUid: 7 } },
      { kind: 'noteNodeTask', nodeId: 'a', task: { uid: 7, enqueuedAt: null } },
    ]);
  });

  it('leaves a copy alone that came back into use while its request waited for its turn', async () => {
    const inLine = options.inLine;
    options.inLine = ((node: string, uid: string, work: () => Promise<unknown>) => {
      copies.apply([{ kind: 'deleteLeaving', indexId: 1, shard: 1, nodeId: 'a' }]);
      return inLine(node, uid, work);
    }) as CleanerOptions['inLine'];
    expect(await createCleaner(options).clean()).toBe(1);
    expect(sent.map(filterOf)).toEqual([shardFilter([2])]);
  });

  it('sends nothing when all of them came back into use', async () => {
    options.inLine = ((_node: string, _uid: string, work: () => unknown) => {
      copies.apply([1, 2].map((shard) => ({ kind: 'deleteLeaving', indexId: 1, shard, nodeId: 'a' })));
      return work();
    }) as CleanerOptions['inLine'];
    expect(await createCleaner(options).clean()).toBe(0);
    expect(sent).toEqual([]);
  });

  it('does not forget a copy that serves again by the time its old documents are gone', async () => {
    const again: LeavingCopy = { ...surplus(1), state: 'serving' };
    options.ended = async () => {
      copies.apply([{ kind: 'putLeaving', record: again }]);
      return 'succeeded';
    };
    expect(await createCleaner(options).clean()).toBe(1);
    expect(copies.leaving()).toEqual([again]);
  });

  it('tries again when the node failed, unless it has no such index', async () => {
    options.ended = async () => 'failed';
    const cleaner = createCleaner(options);
    expect(await cleaner.clean()).toBe(0);
    expect(copies.leaving()).toHaveLength(2);
    indexStatus = 404;
    expect(await cleaner.clean()).toBe(2);
    expect(copies.leaving()).toEqual([]);
  });
});
