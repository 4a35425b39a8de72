import { describe, expect, test } from 'vitest';
import { createMemoryBudget } from '../../../src/http/memory-budget.ts';

const MiB = 2 ** 20;
/** The least that is reckoned with for memory that is free but not yet collected. */
const garbage = 64 * MiB;
const refusal = expect.objectContaining({ code: 'miroir_overloaded', headers: { 'retry-after': '1' } });

describe('the memory for bodies', () => {
  test('is given out until the limit, each byte counted several times, and given back', () => {
    const budget = createMemoryBudget(200 * MiB + garbage, () => 100 * MiB);
    const [a, b, c] = [budget.open(), budget.open(), budget.open()];
    a.grow(10 * MiB);
    b.grow(10 * MiB);
    expect(() => c.expect(10 * MiB)).toThrow(refusal);
    expect(() => c.grow(10 * MiB)).toThrow(refusal);
    expect(() => b.grow(10 * MiB)).toThrow(refusal);
    c.grow(4 * MiB);
    a.release();
    a.release();
    b.grow(8 * MiB);
    expect(() => b.grow(8 * MiB)).toThrow(refusal);
  });

  test('takes into account what the process takes otherwise', () => {
    let resident = 100 * MiB;
    const budget = createMemoryBudget(200 * MiB + garbage, () => resident);
    budget.open().grow(MiB);
    resident = 190 * MiB + garbage;
    expect(() => budget.open().grow(3 * MiB)).toThrow(refusal);
    budget.open().grow(2 * MiB);
  });

  test('lets in whoever is alone, and small bodies, so that nothing gets stuck', () => {
    const budget = createMemoryBudget(200 * MiB + garbage, () => 500 * MiB);
    const alone = budget.open();
    alone.grow(100 * MiB);
    alone.grow(100 * MiB);
    for (let i = 0; i < 100; i++) budget.open().grow(16 * 1024);
    expect(() => budget.open().grow(16 * 1024 + 1)).toThrow(refusal);
    alone.release();
  });
});
