import { expect, test } from 'vitest';
import type { RunResult } from './run.ts';
import { resultTable } from './table.ts';

const clean: RunResult = {
  scenario: 'kill-node',
  seed: 7,
  faults: 'SIGKILL a node',
  acknowledged: 85,
  refused: 0,
  unanswered: 0,
  searches: 122,
  failed: 0,
  partial: 0,
  worstGap: 660,
  count: { lost: 0, resurrected: 0, double: 0, diverged: 0, other: 0 },
  findings: [],
  events: ['3.0 s: kill node-1'],
  logs: null,
};

test('the table of a clean run is its rows and the one line that counts', () => {
  const lines = resultTable([clean, { ...clean, scenario: 'flap' }]).split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^scenario +faults +acknowledged +lost +resurrected +searches +failed +partial +worst gap$/);
  expect(lines[1]).toMatch(/^kill-node +SIGKILL a node +85 +0 +0 +122 +0 +0 +0\.66 s$/);
  expect(lines[3]).toBe('lost 0, resurrected 0, double 0, diverged 0');
});

test('what broke stands between, with its seed, its logs and what was done when', () => {
  const broken: RunResult = {
    ...clean,
    count: { ...clean.count, lost: 2, diverged: 1 },
    findings: [{ fault: 'lost', what: 'live-1 is absent' }],
    logs: '/somewhere',
  };
  const text = resultTable([clean, broken]);
  expect(text).toContain(
    'kill-node broke with seed 7; logs in /somewhere\n  lost: live-1 is absent\n  at 3.0 s: kill node-1',
  );
  expect(text.split('\n').at(-1)).toBe('lost 2, resurrected 0, double 0, diverged 1');
});
