import { appendFileSync } from 'node:fs';
import type { Difference } from './compare.ts';

interface Row {
  requests: number;
  strict: number;
  equal: number;
  examples: string[];
}

/** Counts equal answers per category, prints them as a table and holds each category to its floor. */
export class Report {
  readonly #title: string;
  readonly #rows = new Map<string, Row>();

  constructor(title: string) {
    this.#title = title;
  }

  /**
   * Record one request. `differences` empty means equal; `onlyTies` means that hits of equal rank stand in another order
   * and nothing else differs. Every difference is also appended to the file named by `MIROIR_PARITY_LOG`, one JSON a line.
   */
  add(category: string, request: string, differences: readonly Difference[], onlyTies = false): void {
    const row = this.#rows.get(category) ?? { requests: 0, strict: 0, equal: 0, examples: [] };
    this.#rows.set(category, row);
    row.requests++;
    if (differences.length === 0) {
      row.equal++;
      if (!onlyTies) row.strict++;
      return;
    }
    const log = process.env.MIROIR_PARITY_LOG;
    if (log !== undefined && log !== '') {
      appendFileSync(log, `${JSON.stringify({ suite: this.#title, category, request, differences })}\n`);
    }
    if (row.examples.length < 3) {
      const shown = differences
        .slice(0, 3)
        .map((d) => `\n      ${d.path}\n        expected ${d.expected}\n        got      ${d.got}`);
      row.examples.push(`${request.slice(0, 300)}${shown.join('')}`);
    }
  }

  /** The table, then up to three examples of each category that is below its floor. */
  print(floors: Readonly<Record<string, number>> = {}): void {
    const lines = [`\n${this.#title}`, `${'category'.padEnd(32)} requests  strict   equal   share`];
    for (const [category, row] of this.#rows) {
      lines.push(
        `${category.padEnd(32)} ${String(row.requests).padStart(8)} ${String(row.strict).padStart(7)} ${String(row.equal).padStart(7)} ${percent(row).padStart(7)}`,
      );
    }
    for (const category of this.below(floors)) {
      lines.push(`  ${category}:`, ...(this.#rows.get(category)?.examples ?? []).map((example) => `    ${example}`));
    }
    console.info(lines.join('\n'));
  }

  /** Categories whose share of equal answers is below the floor (1 unless named). */
  below(floors: Readonly<Record<string, number>> = {}): string[] {
    return [...this.#rows]
      .filter(([category, row]) => row.equal / row.requests < (floors[category] ?? 1))
      .map(([category]) => category);
  }
}

const percent = (row: Row) => `${((100 * row.equal) / row.requests).toFixed(1)} %`;
