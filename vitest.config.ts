import { configDefaults, defineConfig } from 'vitest/config';

/** Move many copies under load and take many minutes: `npm run test:moves` runs them. */
const long = [
  'tests/integration/rebalance/nodes.test.ts',
  'tests/integration/rebalance/interrupted.test.ts',
  'tests/integration/reshard/node-away.test.ts',
];

/** Integration suites start real servers, so files run a few at a time and hooks may take a while. */
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(process.env.MIROIR_LONG_TESTS === '1' ? [] : long)],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
    reporters: ['default', './tests/support/summary-reporter.ts'],
  },
});
