import { describe, expect, test } from 'vitest';
import { createGate } from '../../../src/tasks/gate.ts';

/** Whether a promise is settled after everything that can happen now has happened. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

const patience = 10_000;

describe('the gate', () => {
  test('closes once those inside have left, and holds the others', async () => {
    const gate = createGate(patience);
    const leave = await gate.enter(['a']);
    const closing = gate.close([]);
    expect(await settled(closing)).toBe(false);
    leave();
    const hold = await closing;
    const waiting = gate.enter(['a']);
    expect(await settled(waiting)).toBe(false);
    hold.open();
    (await waiting)();
  });

  test('lets the queues that are named through, and those that are released', async () => {
    const gate = createGate(patience);
    const hold = await gate.close(['*']);
    (await gate.enter(['*']))();
    const both = gate.enter(['a', 'b']);
    hold.release('a');
    expect(await settled(both)).toBe(false);
    (await gate.enter(['a']))();
    hold.release('b');
    (await both)();
    hold.open();
  });

  test('has one hold at a time', async () => {
    const gate = createGate(patience);
    const first = await gate.close([]);
    const second = gate.close([]);
    expect(await settled(second)).toBe(false);
    first.open();
    const hold = await second;
    first.open();
    expect(await settled(gate.enter(['a']))).toBe(false);
    hold.open();
  });

  test('tells who has waited too long to come back', async () => {
    const gate = createGate(1);
    const hold = await gate.close([]);
    await expect(gate.enter(['a'])).rejects.toMatchObject({ code: 'miroir_index_busy', status: 503 });
    hold.open();
    (await gate.enter(['a']))();
  });

  test('can be closed for some queues only, beside a hold on all', async () => {
    const gate = createGate(patience);
    const inOther = await gate.enter(['b']);
    const some = await gate.closeOnly(['a', 'x'], patience);
    expect(some).not.toBeNull();
    (await gate.enter(['b', 'c']))();
    const waiting = gate.enter(['a', 'b']);
    expect(await settled(waiting)).toBe(false);
    const closing = gate.close(['*']);
    expect(await settled(closing)).toBe(false);
    inOther();
    const all = await closing;
    some?.open();
    expect(await settled(waiting)).toBe(false);
    all.open();
    (await waiting)();
  });

  test('opens again when those inside do not leave in time', async () => {
    const gate = createGate(patience);
    const leave = await gate.enter(['a']);
    expect(await gate.closeOnly(['a'], 5)).toBeNull();
    (await gate.enter(['a']))();
    leave();
    (await gate.closeOnly(['a'], 5))?.open();
  });
});
