import { describe, expect, test } from 'vitest';
import { createWriteWatches } from '../../../src/reshard/write-watch.ts';
import type { ActiveTask, Touched } from '../../../src/tasks/active.ts';

const ids = (...list: string[]): Touched => new Map([[0, list]]);

/** Tasks of index 1, and what watches them. */
function setUp() {
  const tasks = new Set<ActiveTask>();
  const watches = createWriteWatches({ all: () => tasks.values() as SetIterator<ActiveTask> });
  const begin = (touched: Touched, indexId = 1, parts = 1) => {
    const task = { record: { indexId }, parts: Array(parts).fill({}), touched } as unknown as ActiveTask;
    watches.registered(task);
    tasks.add(task);
    return { end: () => tasks.delete(task) };
  };
  return { watches, begin };
}

describe('a window', () => {
  test('holds what was being written when it was opened, and what is written until it is closed', () => {
    const { watches, begin } = setUp();
    begin(ids('before')).end();
    begin(ids('open'));
    const watch = watches.watch(1);
    const first = watch.open();
    begin(ids('a'));
    const second = watch.open();
    begin(ids('b')).end();
    begin(ids('elsewhere'), 2);
    expect([...first.touched()!].sort()).toEqual(['a', 'b', 'open']);
    expect([...second.touched()!].sort()).toEqual(['a', 'b', 'open']);
    first.close();
    begin(ids('c'));
    expect(first.touched()!.has('c')).toBe(false);
    expect(second.touched()!.has('c')).toBe(true);
    watch.stop();
    begin(ids('d'));
    expect(second.touched()!.has('d')).toBe(false);
  });

  test('gives up when there are too many', () => {
    const { watches, begin } = setUp();
    const window = watches.watch(1).open();
    begin(new Map([[0, Array.from({ length: 200_001 }, (_, i) => String(i))]]));
    expect(window.touched()).toBeNull();
  });
});

describe('the era', () => {
  test('is another after a write of unknown documents, and unknown while one is under way', () => {
    const { watches, begin } = setUp();
    const watch = watches.watch(1);
    const before = watch.era();
    begin(ids('a'));
    expect(watch.era()).toBe(before);
    const deletion = begin(null);
    expect(watch.era()).toBeNull();
    deletion.end();
    expect(watch.era()).not.toBeNull();
    expect(watch.era()).not.toBe(before);
    begin(null, 2);
    expect(watch.era()).not.toBeNull();
  });

  test('does not mind tasks that touch no node', () => {
    const { watches, begin } = setUp();
    const watch = watches.watch(1);
    begin(null, 1, 0);
    expect(watch.era()).not.toBeNull();
  });
});
