import { renderTable } from '../../src/cli/table.ts';

/** What became of one client. */
export interface Result {
  name: string;
  outcome: 'prepared' | 'passed' | 'failed' | 'left out';
  /** Steps that went as told. */
  steps: number;
  /** What installing and building took. */
  buildSeconds: number;
  /** What the story took. */
  seconds: number;
  note: string;
}

/** Prints a table, the clients left out, and the closing line `N passed, N failed`; whether none failed. */
export function printReport(results: readonly Result[]): boolean {
  const rows = results.map(({ name, outcome, steps, buildSeconds, seconds, note }) => [
    name,
    outcome,
    steps,
    buildSeconds.toFixed(1),
    seconds.toFixed(1),
    note,
  ]);
  console.log(`\n${renderTable(['client', 'outcome', 'steps', 'build s', 'story s', 'note'], rows)}\n`);
  const passed = results.reduce((sum, { steps }) => sum + steps, 0);
  const failed = results.filter(({ outcome }) => outcome === 'failed').length;
  const leftOut = results.filter(({ outcome }) => outcome === 'left out');
  if (leftOut.length > 0) {
    console.log('!!! NOT RUN, as their toolchains are not here:');
    for (const { name, note } of leftOut) console.log(`!!!   ${name}: ${note}`);
    console.log();
  }
  const skipped = leftOut.length > 0 ? `, ${leftOut.length} skipped` : '';
  console.log(`${passed} passed, ${failed} failed${skipped}`);
  return failed === 0;
}
