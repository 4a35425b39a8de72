import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientCounts, type SideResult } from './against-single.ts';
import { caseName, type HotPathResult } from './hot-path.ts';
import { number } from './table.ts';

/** One bar: what it is of, and how long. */
interface Bar {
  label: string;
  value: number;
  colour: string;
}

const folder = join(import.meta.dirname, '../docs/images');
const colours = { miroir: '#5b5bd6', other: '#b4b4c0', bare: '#8a8a99', federation: '#e0a23b', front: '#eec27a' };
const row = 22;
const left = 260;
const right = 90;
const width = 820;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** A horizontal bar chart as SVG, on a background of its own so that it reads in dark pages too. */
function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const height = 44 + bars.length * row + 10;
  const drawn = bars.map(({ label, value, colour }, i) => {
    const y = 44 + i * row;
    const length = ((width - left - right) * value) / most;
    return [
      `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${left}" y="${y + 3}" width="${length.toFixed(1)}" height="${row - 7}" rx="2" fill="${colour}"/>`,
      `<text x="${(left + length + 6).toFixed(1)}" y="${y + 14}">${number(value)}${unit}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(title)}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escaped(title)}</text>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function hotPathChart(hot: readonly HotPathResult[]): string {
  const bars = hot.flatMap((one): Bar[] => [
    { label: caseName(one), value: one.miroirRatio.middle, colour: colours.miroir },
    { label: 'fan-out, no merging', value: one.fanOutRatio.middle, colour: colours.other },
    { label: 'parse, merge, serialise', value: one.parseMergeRatio.middle, colour: colours.federation },
  ]);
  return barChart('Processor time per search, against passing one answer through (less is better)', 'x', bars);
}

const colourOf = (side: string) =>
  ({
    Miroir: colours.miroir,
    'Meilisearch federation': colours.federation,
    'federation in front': colours.front,
    'bare fan-out': colours.bare,
  })[side] ?? colours.other;

function throughputChart(single: readonly SideResult[]): string {
  const bars = clientCounts.flatMap((clients) =>
    single.map((side): Bar => {
      const value = side.searches[`cheap/${clients}`]?.perSecond ?? 0;
      return {
        label: `${side.side}, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
        value,
        colour: colourOf(side.side),
      };
    }),
  );
  return barChart('Searches per second, everything on the same cores (more is better)', '', bars);
}

/** Draws the charts of `docs/performance.md`. */
export function drawCharts({ hot, single }: { hot: readonly HotPathResult[]; single: readonly SideResult[] }): void {
  if (hot.length > 0) writeFileSync(join(folder, 'hot-path.svg'), hotPathChart(hot));
  if (single.length > 0) writeFileSync(join(folder, 'searches-per-second.svg'), throughputChart(single));
}
