import type { RunResult } from './run.ts';

const headings = [
  'scenario',
  'faults',
  'acknowledged',
  'lost',
  'resurrected',
  'searches',
  'failed',
  'partial',
  'worst gap',
];

/** The results as a table, then what broke and where its logs are, then the one line that counts. */
export function resultTable(results: readonly RunResult[]): string {
  const rows = results.map((result) => [
    result.scenario,
    result.faults,
    String(result.acknowledged),
    String(result.count.lost),
    String(result.count.resurrected),
    String(result.searches),
    String(result.failed),
    String(result.partial),
    `${(result.worstGap / 1_000).toFixed(2)} s`,
  ]);
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(headings), ...rows.map(line), ...results.flatMap(breaks), total(results)].join('\n');
}

/** What broke in a run, its seed's logs, and what was done when. */
function breaks({ scenario, seed, findings, events, logs }: RunResult): string[] {
  if (findings.length === 0) return [];
  const shown = findings.slice(0, 12).map(({ fault, what }) => `  ${fault}: ${what}`);
  const more = findings.length > shown.length ? [`  and ${findings.length - shown.length} more`] : [];
  return [
    '',
    `${scenario} broke with seed ${seed}; logs in ${logs}`,
    ...shown,
    ...more,
    ...events.map((event) => `  at ${event}`),
    '',
  ];
}

/** `lost 0, resurrected 0, double 0, diverged 0`. */
function total(results: readonly RunResult[]): string {
  const words = ['lost', 'resurrected', 'double', 'diverged'] as const;
  return words.map((word) => `${word} ${results.reduce((sum, { count }) => sum + count[word], 0)}`).join(', ');
}
