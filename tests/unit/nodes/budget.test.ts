import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExtraBudget } from '../../../src/nodes/budget.ts';

describe('the budget of extra requests', () => {
  it('never grants more than its share of the ordinary requests and the first few', () => {
    const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4 })), { maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), steps, (percent, wanted) => {
        const budget = createExtraBudget(percent);
        let [ordinary, extra] = [0, 0];
        for (const count of wanted) {
          if (count === 0) {
            budget.earn();
            ordinary++;
          } else if (budget.take(count)) extra += count;
          expect(extra).toBeLessThanOrEqual((percent === 0 ? 0 : 20) + (ordinary * percent) / 100 + 1e-6);
        }
      }),
      { seed: 2 },
    );
  });

  it('grants what it says', () => {
    const budget = createExtraBudget(10);
    expect(budget.take(20)).toBe(true);
    expect(budget.take(1)).toBe(false);
    for (let i = 0; i < 10; i++) budget.earn();
    expect(budget.take(1)).toBe(true);
    for (let i = 0; i < 10_000; i++) budget.earn();
    expect([budget.take(51), budget.take(50)]).toEqual([false, true]);
    expect(createExtraBudget(0).take(1)).toBe(false);
  });
});
