import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, type Doc, possibleStates, type WriteOp, type WriteRecord } from './history.ts';
import {
  checkAcknowledged,
  checkCopies,
  checkDocuments,
  checkExtraRequests,
  checkMarked,
  checkMemory,
  checkOnce,
  checkOwners,
  checkSettings,
  checkTasks,
} from './invariants.ts';

const doc = (n: number, more = {}): Doc => ({ id: 'a', n, ...more });
const replace = (n: number): WriteOp => ({ kind: 'replace', documents: [doc(n)] });

function acknowledged(op: WriteOp, taskUid: number, over: Partial<WriteRecord> = {}): WriteRecord {
  const at = taskUid * 10;
  return { op, taskUid, startedAt: at, endedAt: at + 5, outcome: 'acknowledged', status: 'succeeded', ...over };
}
const unanswered = (op: WriteOp, startedAt: number, endedAt: number): WriteRecord => ({
  op,
  startedAt,
  endedAt,
  outcome: 'unknown',
  taskUid: null,
  status: null,
});
const states = (...writes: WriteRecord[]) => [...possibleStates('a', writes, null)].sort();
const text = (n: number, more = {}) => canonical(doc(n, more));

describe('what a document may be', () => {
  test('the last acknowledged write in task order, whatever the order of the answers', () => {
    expect(states(acknowledged(replace(2), 2), acknowledged(replace(1), 1))).toEqual([text(2)]);
    expect(states(acknowledged(replace(1), 1), acknowledged({ kind: 'delete', ids: ['a'] }, 2))).toEqual([null]);
  });

  test('updates keep other fields; deletions by filter look at the values', () => {
    const update: WriteOp = { kind: 'update', documents: [{ id: 'a', more: 1 }] };
    expect(states(acknowledged(replace(1), 1), acknowledged(update, 2))).toEqual([text(1, { more: 1 })]);
    const where = (n: number): WriteOp => ({ kind: 'deleteWhere', where: { n } });
    expect(states(acknowledged(replace(1), 1), acknowledged(where(2), 2))).toEqual([text(1)]);
    expect(states(acknowledged(replace(1), 1), acknowledged(where(1), 2))).toEqual([null]);
  });

  test('a refused write never counts; one that failed may', () => {
    const refused = acknowledged(replace(2), 2, { outcome: 'refused' });
    expect(states(acknowledged(replace(1), 1), refused)).toEqual([text(1)]);
    const failed = acknowledged(replace(2), 2, { status: 'failed' });
    expect(states(acknowledged(replace(1), 1), failed)).toEqual([text(1), text(2)]);
  });

  test('a write without an answer came when it could, or never', () => {
    const before = acknowledged(replace(1), 1);
    const after = acknowledged(replace(3), 3);
    expect(states(before, unanswered(replace(2), 20, 25))).toEqual([text(1), text(2)]);
    expect(states(before, unanswered(replace(2), 20, 25), after)).toEqual([text(3)]);
    expect(states(before, unanswered(replace(2), 20, 32), after)).toEqual([text(2), text(3)].sort());
  });

  test('many unanswered writes in a row are told apart in no time', () => {
    const many = Array.from({ length: 60 }, (_, i) => unanswered(replace(i), i * 10, i * 10 + 12));
    expect(possibleStates('a', many, null).size).toBe(61);
  });

  test('every order that time allows is possible, and no order that task uids forbid (against trying all orders)', () => {
    const op = fc.oneof(
      fc.nat(3).map(replace),
      fc.constant<WriteOp>({ kind: 'delete', ids: ['a'] }),
      fc.nat(3).map((n): WriteOp => ({ kind: 'update', documents: [{ id: 'a', [`f${n}`]: n }] })),
    );
    const write = fc.record({ op, start: fc.nat(20), length: fc.nat(8), known: fc.boolean() });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 5 }), (list) => {
        const records = list
          .sort((a, b) => a.start - b.start)
          .map(({ op: one, start, length, known }, uid) => {
            const times = { startedAt: start, endedAt: start + length };
            return known ? acknowledged(one, uid, times) : { ...unanswered(one, 0, 0), ...times };
          });
        const found = possibleStates('a', records, null);
        const inTime = bruteForce(records, true);
        const anyhow = new Set(bruteForce(records, false));
        expect(inTime.filter((state) => !found.has(state))).toEqual([]);
        expect([...found].filter((state) => !anyhow.has(state))).toEqual([]);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});

/**
 * Every subset of the unanswered writes in every order that respects task order and time, one after the other. `strict`:
 * time also orders the unanswered writes among themselves.
 */
function bruteForce(records: readonly WriteRecord[], strict: boolean): (string | null)[] {
  const known = records.filter((one) => one.outcome === 'acknowledged');
  const found = new Set<string | null>();
  const allowed = (order: readonly WriteRecord[], next: WriteRecord, left: readonly WriteRecord[]) =>
    order.every((one) => comparable(one, next) !== 1) &&
    left.every((one) => one === next || comparable(next, one) !== 1);
  const comparable = (a: WriteRecord, b: WriteRecord): number => {
    if (a.taskUid !== null && b.taskUid !== null) return a.taskUid < b.taskUid ? -1 : 1;
    if (a.taskUid === null && b.taskUid === null && !strict) return 0;
    if (a.endedAt < b.startedAt) return -1;
    return b.endedAt < a.startedAt ? 1 : 0;
  };
  const visit = (order: WriteRecord[], left: readonly WriteRecord[]) => {
    const knownLeft = left.filter((one) => one.taskUid !== null);
    if (knownLeft.length === 0) found.add([...possibleStates('a', order.map(settled), null)][0] ?? null);
    for (const next of left) {
      if (next.taskUid !== null && knownLeft[0] !== next) continue;
      if (allowed(order, next, knownLeft))
        visit(
          [...order, next],
          left.filter((one) => one !== next),
        );
    }
  };
  const settled = (one: WriteRecord, i: number): WriteRecord => acknowledged(one.op, i);
  visit([], [...known, ...records.filter((one) => one.outcome === 'unknown')]);
  return [...found].sort();
}

describe('the invariants find', () => {
  test('I1, I2: what is lost, altered or back', () => {
    const expected = new Map([
      ['a', new Set([text(1)])],
      ['b', new Set([null])],
      ['c', new Set([text(1), null])],
    ]);
    expect(checkDocuments(expected, new Map([['a', text(1)]]))).toEqual({ lost: [], resurrected: [] });
    expect(checkDocuments(expected, new Map()).lost).toHaveLength(1);
    expect(checkDocuments(expected, new Map([['a', text(2)]])).lost).toHaveLength(1);
    const back = new Map([
      ['a', text(1)],
      ['b', text(1)],
      ['stranger', text(1)],
    ]);
    expect(checkDocuments(expected, back).resurrected).toHaveLength(2);
  });

  test('I3: copies that differ', () => {
    const copy = (node: string, documents: [string, string][]) => ({
      index: 'x',
      shard: 0,
      node,
      documents: new Map(documents),
    });
    expect(checkCopies([copy('a', [['1', 'x']]), copy('b', [['1', 'x']])])).toEqual([]);
    expect(checkCopies([copy('a', [['1', 'x']]), copy('b', [['1', 'y']])])).toHaveLength(1);
    expect(checkCopies([copy('a', []), copy('b', [['1', 'y']])])).toHaveLength(1);
  });

  test('I4: doubles and strays', () => {
    expect(checkOnce('hits', ['1', '2'])).toEqual([]);
    expect(checkOnce('hits', ['1', '2', '1', '1'])).toEqual(['1 comes twice in hits']);
    expect(checkOwners('n', new Set([1]), new Map([['a', 1]]))).toEqual([]);
    expect(
      checkOwners(
        'n',
        new Set([1]),
        new Map([
          ['a', 2],
          ['b', null],
        ]),
      ),
    ).toHaveLength(2);
  });

  test('I5: short answers without a mark, and long ones with or without', () => {
    const answer = { what: 's', status: 200, degraded: null, total: 5, expected: 5 };
    expect(checkMarked(answer)).toEqual([]);
    expect(checkMarked({ ...answer, total: 4 })).toHaveLength(1);
    expect(checkMarked({ ...answer, total: 4, degraded: 'shards=1' })).toEqual([]);
    expect(checkMarked({ ...answer, total: 6, degraded: 'shards=1' })).toHaveLength(1);
    expect(checkMarked({ ...answer, status: 503, total: 0 })).toEqual([]);
  });

  test('I6: tasks that go back, end twice, never, or vanish', () => {
    const seen = (...list: [number, 'enqueued' | 'processing' | 'succeeded' | 'failed'][]) =>
      list.map(([uid, status]) => ({ uid, status }));
    expect(checkTasks(seen([0, 'enqueued'], [0, 'processing'], [0, 'succeeded'], [0, 'succeeded']), true)).toEqual([]);
    expect(checkTasks(seen([0, 'processing'], [0, 'enqueued']), false)).toHaveLength(1);
    expect(checkTasks(seen([0, 'succeeded'], [0, 'failed']), true)).toHaveLength(1);
    expect(checkTasks(seen([0, 'enqueued']), true)).toHaveLength(1);
    expect(checkAcknowledged([0, 1], new Set([0, 1]))).toEqual([]);
    expect(checkAcknowledged([0, 0, 1], new Set([0]))).toHaveLength(2);
  });

  test('I7, I8: settings that differ, requests and memory beyond their bounds', () => {
    const on = (node: string, fingerprint: string) => ({ index: 'x', version: 1, node, fingerprint });
    expect(checkSettings([on('a', 'f'), on('b', 'f')])).toEqual([]);
    expect(checkSettings([on('a', 'f'), on('b', 'g')])).toHaveLength(1);
    expect(checkExtraRequests(110, 100, 0.1)).toEqual([]);
    expect(checkExtraRequests(111, 100, 0.1)).toHaveLength(1);
    expect(checkMemory([1, 2], 2)).toEqual([]);
    expect(checkMemory([3], 2)).toHaveLength(1);
  });
});
