import { administrationAreas, valueRows } from './compatibility-administration.ts';
import { type ParameterArea, parameterAreas } from './compatibility-parameters.ts';
import { type RouteRow, type Row, routeRows } from './compatibility-routes.ts';
import { settingRows } from './compatibility-settings.ts';

const intro = `# Compatibility

What Meilisearch offers, and what Miroir makes of it. Meilisearch 1.21 is the version that Miroir is measured against; what
later versions added is listed as well. The tests send every row of this page to a running Miroir, most of them to one
Meilisearch too, so the page says what is so.

| state | meaning |
| --- | --- |
| same | as one Meilisearch does it |
| same, but | offered; the note says what is different |
| refused | answered with the code named, and the reason |
| newer | came after 1.21; answered as 1.21 answers what it does not know |
`;

const words = { same: 'same', differs: 'same, but', newer: 'newer' } as const;

function stateOf(row: Row): string {
  return row.state === 'refused' ? `refused: \`${row.code ?? 'miroir_not_supported'}\`` : words[row.state];
}

const cell = (text: string) => text.replaceAll('|', '\\|');

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rows = [head, head.map(() => '---'), ...lines.map((line) => line.map(cell))];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** The row of the route that an area's parameters belong to. */
export function routeOf(area: Pick<ParameterArea, 'method' | 'path'>): RouteRow {
  const found = routeRows.find(({ method, path }) => method === area.method && path === area.path);
  if (found === undefined) throw new Error(`no row for ${area.method} ${area.path}`);
  return found;
}

/** Whether the route is refused as a whole. */
export function isRefused(area: ParameterArea): boolean {
  return routeOf(area).state === 'refused';
}

function routes(): string {
  const lines = routeRows.map((row) => [
    `${row.method} \`${row.path}\``,
    row.since ?? '',
    stateOf(row),
    row.note ?? '',
  ]);
  return `## Routes\n\nThe routes of single settings are under [Settings](#settings).\n\n${table(['route', 'since', 'state', 'note'], lines)}`;
}

function parameters(area: ParameterArea): string {
  const lines = area.parameters.map((row) => [
    `\`${row.name}\``,
    `\`${typeof row.example === 'string' ? row.example : JSON.stringify(row.example)}\``,
    row.since ?? '',
    isRefused(area) && row.state !== 'newer' ? 'as the route' : stateOf(row),
    row.note ?? '',
  ]);
  return `### ${area.title}\n\n${table(['parameter', 'for example', 'since', 'state', 'note'], lines)}`;
}

function settings(): string {
  const lines = settingRows.map((row) => [
    `\`${row.name}\``,
    `GET, ${row.method}, DELETE \`.../settings/${row.segment}\``,
    row.since ?? '',
    stateOf(row),
    row.note ?? '',
  ]);
  const text = 'Together by `GET`, `PATCH`, `DELETE /indexes/{uid}/settings`, each by its own route as well.';
  return `## Settings\n\n${text}\n\n${table(['setting', 'own route', 'since', 'state', 'note'], lines)}`;
}

function values(): string {
  const lines = valueRows.map((row) => [row.title, row.since ?? '', stateOf(row), row.note ?? '']);
  return `## Values and headers\n\n${table(['what', 'since', 'state', 'note'], lines)}`;
}

/** The parameters of all routes. */
export const allAreas: readonly ParameterArea[] = [...parameterAreas, ...administrationAreas];

/** `docs/compatibility.md`, from the tables beside this file. */
export function compatibilityPage(): string {
  const sections = [routes(), '## Parameters', ...allAreas.map(parameters), settings(), values()];
  return `${intro}\n${sections.join('\n\n')}\n`;
}
