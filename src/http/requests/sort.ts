import { ApiError } from '../../errors/api-error.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { parseFloatText } from './floats.ts';

const POINT = '_geoPoint(';

/** Sort expressions of a query string: split at commas, except the one inside `_geoPoint(…)`. */
export function sortText(text: string): string[] {
  const expressions: string[] = [];
  let inPoint = false;
  for (const piece of text.replace(/^"+|"+$/g, '').split(',')) {
    const part = piece.trim();
    const last = expressions.pop();
    if (inPoint && last !== undefined && !part.startsWith(POINT)) {
      expressions.push(`${last},${part}`);
      inPoint = !/\):(?:asc|desc)$/.test(part);
    } else {
      if (last !== undefined) expressions.push(last);
      expressions.push(part);
      inPoint = part.startsWith(POINT);
    }
  }
  return expressions;
}

function checkPoint(field: string): string | null {
  const inside = field.slice(POINT.length, -1).split(',');
  const [latitude, longitude] = inside.map((part) => parseFloatText(part.trim()));
  if (inside.length !== 2 || latitude == null || longitude == null) {
    return `Invalid syntax for the geo parameter: expected expression formated like \`_geoPoint(latitude, longitude)\` and ending by \`:asc\` or \`:desc\`, found \`${field}\`.`;
  }
  if (Math.abs(latitude) > 90) {
    return `Bad latitude \`${latitude}\`. Latitude must be contained between -90 and 90 degrees. `;
  }
  if (Math.abs(longitude) > 180) {
    return `Bad longitude \`${longitude}\`. Longitude must be contained between -180 and 180 degrees. `;
  }
  return null;
}

/** What is wrong with the field of a sort expression, or null. */
function checkField(field: string): string | null {
  if (field === '_geoPoint' || (field.startsWith(POINT) && field.endsWith(')'))) return checkPoint(field);
  const reserved = /^_geo(?:Radius|BoundingBox)?(?=$|\()/.exec(field)?.[0];
  if (reserved !== undefined && (reserved !== '_geo' || field === '_geo')) {
    return `\`${reserved}\` is a reserved keyword and thus can't be used as a sort expression. Use the _geoPoint(latitude, longitude) built-in rule to sort on _geo field coordinates.`;
  }
  if (field === '_geoDistance')
    return "`_geoDistance` is a reserved keyword and thus can't be used as a sort expression.";
  return null;
}

/** Refuses sort expressions by their syntax; whether a field is sortable is the index's matter. */
export function checkSort(sort: readonly string[] | null, code: ErrorCode): void {
  for (const expression of sort ?? []) {
    const match = /^(.*):(?:asc|desc)$/s.exec(expression);
    const problem =
      match === null
        ? `Invalid syntax for the sort parameter: expected expression ending by \`:asc\` or \`:desc\`, found \`${expression}\`.`
        : checkField(match[1] ?? '');
    if (problem !== null) throw new ApiError(code, problem);
  }
}
