import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, type HeldDocument } from '../../../src/repair/decide.ts';
import type { DeletionRecords } from '../../../src/store/records.ts';

const none: DeletionRecords = { tombstones: new Map(), marks: [], forgottenUpTo: '' };
const held = (nodeId: string, version: string | null, content = 1n): HeldDocument => ({ nodeId, version, content });
const mark = (version: string, kind: 'all' | 'filter' | 'other', filter: string | null = null) => ({
  indexId: 1,
  version,
  kind,
  filter,
});

describe('which copy of a document is right', () => {
  test('the newest version, whatever the others hold', () => {
    expect(decide('1', [held('a', 'v1'), held('b', 'v2', 2n)], none)).toEqual({
      kind: 'write',
      from: 'b',
      guessed: false,
    });
    expect(decide('1', [held('a', ''), held('b', 'v1', 2n)], none)).toMatchObject({ from: 'b' });
  });

  test('with one version and other contents: what most have, else the first, and that is said', () => {
    const [a, b, c] = [held('a', 'v', 1n), held('b', 'v', 2n), held('c', 'v', 2n)];
    expect(decide('1', [a, b, c], none)).toEqual({ kind: 'write', from: 'b', guessed: false });
    expect(decide('1', [a, b], none)).toEqual({ kind: 'write', from: 'a', guessed: true });
  });

  test('a document that one copy lost comes back', () => {
    expect(decide('1', [held('a', null), held('b', 'v1')], none)).toEqual({ kind: 'write', from: 'b', guessed: false });
    const earlier = { ...none, tombstones: new Map([['1', 'v0']]), marks: [mark('v0', 'all')] };
    expect(decide('1', [held('a', null), held('b', 'v1')], earlier)).toMatchObject({ kind: 'write', from: 'b' });
  });

  test('a document that was deleted since does not', () => {
    const copies = [held('a', null), held('b', 'v1')];
    expect(decide('1', copies, { ...none, tombstones: new Map([['1', 'v2']]) })).toEqual({ kind: 'delete' });
    expect(decide('1', copies, { ...none, marks: [mark('v2', 'all')] })).toEqual({ kind: 'delete' });
    expect(decide('1', copies, { ...none, marks: [mark('v2', 'filter', '"x = 1"')] })).toEqual({
      kind: 'ask',
      from: 'b',
      filters: ['"x = 1"'],
    });
  });

  test('where deletions are not known, most copies decide, and two that disagree stay', () => {
    const copies = [held('a', null), held('b', 'v1')];
    for (const unknown of [
      { ...none, forgottenUpTo: 'v5' },
      { ...none, marks: [mark('v2', 'other')] },
    ]) {
      expect(decide('1', copies, unknown)).toEqual({ kind: 'undecided' });
      expect(decide('1', [...copies, held('c', null)], unknown)).toEqual({ kind: 'delete' });
      expect(decide('1', [...copies, held('c', 'v1')], unknown)).toMatchObject({ kind: 'write' });
    }
  });

  test('equal copies are left alone, and no deletion recorded since is ever undone', () => {
    const version = fc.constantFrom(null, '', 'v1', 'v2', 'v3');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(version, fc.bigInt(1n, 2n)), { minLength: 1, maxLength: 4 }),
        fc.constantFrom('v0', 'v2', 'v9'),
        (list, deleted) => {
          const copies = list.map(([v, content], i) => held(`n${i}`, v, v === null ? 0n : content));
          const decision = decide('1', copies, { ...none, tombstones: new Map([['1', deleted]]) });
          const same = copies.every((one) => one.version === copies[0]?.version && one.content === copies[0]?.content);
          if (same) expect(decision).toEqual({ kind: 'equal' });
          const newest = copies.reduce((high, { version: v }) => ((v ?? '') > high ? (v ?? '') : high), '');
          const missing = copies.some((one) => one.version === null) && copies.some((one) => one.version !== null);
          if (missing && deleted > newest) expect(decision).toEqual({ kind: 'delete' });
        },
      ),
      { seed: 7 },
    );
  });
});
