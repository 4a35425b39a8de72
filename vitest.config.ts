import { configDefaults, defineConfig } from 'vitest/config';

/** Move many copies under load and take many minutes: `npm run test:moves` runs them. */
const long = [
  'tests/integration/rebalance/nodes.test.ts',
  'tests/integration/rebalance/interrupted.test.ts',
  'tests/integration/reshard/node-away.test.ts',
];

/** Compares how nodes answer, which says something only while nothing else is running: comes after all others, by itself. */
const alone = ['tests/integration/steering.test.ts'];

const exclude = [...configDefaults.exclude, ...(process.env.MIROIR_LONG_TESTS === '1' ? [] : long)];

/** Integration suites start real servers, so files run a few at a time and hooks may take a while. */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    reporters: ['default', './tests/support/summary-reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['tests/**/*.test.ts'],
          exclude: [...exclude, ...alone],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'alone', include: alone, exclude, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
