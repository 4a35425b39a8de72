import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { initHash } from '../../src/placement/hash.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { resultTable } from './table.ts';

const seed = 7;
const built = existsSync(join(import.meta.dirname, '../../dist/main.js'));
const isRoot = process.getuid?.() === 0;

/** Why a scenario is not run here; empty when it is. */
function leftOut({ needsRoot, needsQuiet }: Scenario): string {
  if (needsRoot === true && !isRoot) return ' (left out: only root can)';
  return needsQuiet === true ? ' (left out: only `npm run faults` runs it)' : '';
}

/** The short run of the fault lab: each of these scenarios once, with one seed. `npm run faults` is the long one. */
export function testScenarios(scenarios: readonly Scenario[]): void {
  beforeAll(initHash);

  describe.runIf(built)('under faults, nothing is lost, doubled or left different', () => {
    for (const scenario of scenarios) {
      const because = leftOut(scenario);
      test.skipIf(because !== '')(
        `${scenario.name}: ${scenario.faults}${because}`,
        async () => {
          const result = await runScenario(scenario, {
            seed,
            seconds: 0,
            isTimed: false,
            logsFolder: join(tmpdir(), 'miroir-fault-logs'),
          });
          expect(result.findings, resultTable([result])).toEqual([]);
        },
        300_000,
      );
    }
  });
}
