import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientCounts, indexingTimes, type SideResult } from './against-single.ts';
import type { Cost } from './costs.ts';
import { caseName, type HotPathResult } from './hot-path.ts';
import { number, type Spread, spreadOf } from './table.ts';

/** Results of a run, as they are kept in its JSON file. */
export interface Results {
  hot: readonly HotPathResult[];
  single: readonly SideResult[];
  sizes: readonly Cost[];
}

const page = join(import.meta.dirname, '../docs/performance.md');

const markdown = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const spread = ({ middle, least, most }: Spread) =>
  least === most ? `${number(middle)} ×` : `${number(middle)} × (${number(least)}–${number(most)})`;

function hotPathRows(hot: readonly HotPathResult[]): string {
  const header = ['', 'Miroir', 'fan-out without merging', 'parse, merge, serialise'];
  const rows = hot.map((one) => [
    caseName(one),
    spread(one.miroirRatio),
    spread(one.fanOutRatio),
    spread(one.parseMergeRatio),
  ]);
  return markdown(header, rows);
}

function endToEndRows(single: readonly SideResult[]): string {
  const own = single.find(({ side }) => side === 'Miroir');
  const others = single.filter((side) => side !== own);
  const against = (pick: (side: SideResult) => number | null | undefined) =>
    others.map((other) => {
      const [a, b] = [own === undefined ? null : pick(own), pick(other)];
      return a == null || b == null ? '' : `${number(a / b)} ×`;
    });
  const rows = ['cheap', 'expensive'].flatMap((kind) =>
    clientCounts.flatMap((clients) => {
      const load = (side: SideResult) => side.searches[`${kind}/${clients}`];
      const who = `${kind} searches, ${clients} ${clients === 1 ? 'client' : 'clients'}`;
      return [
        [`${who}: p50`, ...against((side) => load(side)?.p50)],
        [`${who}: p99`, ...against((side) => load(side)?.p99)],
        [`${who}: per second`, ...against((side) => load(side)?.perSecond)],
      ];
    }),
  );
  const times = others.map((other) => (own === undefined ? null : indexingTimes(own, other)));
  rows.push(['time to index', ...times.map((all) => (all === null ? '' : spread(spreadOf(all))))]);
  return markdown(['Miroir’s figure against that of', ...others.map(({ side }) => side)], rows);
}

function sizeRows(sizes: readonly Cost[]): string {
  return markdown(
    ['', 'ratio', 'against'],
    sizes.map(({ name, against, ratio }) => [name, spread(ratio), against]),
  );
}

/** Writes the tables of `docs/performance.md`, each between its marks; a part that was not measured stays as it is. */
export function writeReport({ hot, single, sizes }: Results): void {
  const tables: Record<string, string | null> = {
    'hot path': hot.length > 0 ? hotPathRows(hot) : null,
    'end to end': single.length > 0 ? endToEndRows(single) : null,
    sizes: sizes.length > 0 ? sizeRows(sizes) : null,
  };
  let text = readFileSync(page, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    if (table === null) continue;
    const [begin, end] = [`<!-- ${name}: written by npm run bench -- --charts -->\n`, `\n<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to === -1) throw new Error(`docs/performance.md has no place for the table of the ${name}`);
    text = `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`;
  }
  writeFileSync(page, text);
}
