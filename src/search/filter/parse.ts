import type { FilterNode } from './ast.ts';
import { readCondition, readGeo, required, tentatively } from './conditions.ts';
import { escapeDebug, FilterProblem } from './problem.ts';
import { FilterReader } from './reader.ts';

/** Every bracket and every NOT costs some levels; the server refuses more than these. */
const maxDepth = 200;

const operations =
  '`=`, `!=`, `>=`, `>`, `<=`, `<`, `IN`, `NOT IN`, `TO`, `EXISTS`, `NOT EXISTS`, `IS NULL`, `IS NOT NULL`, `IS EMPTY`, `IS NOT EMPTY`, `CONTAINS`, `NOT CONTAINS`, `STARTS WITH`, `NOT STARTS WITH`, `_geoRadius`, or `_geoBoundingBox`';

function checkDepth(reader: FilterReader, depth: number): void {
  if (depth <= maxDepth) return;
  throw reader.problem(
    'The filter exceeded the maximum depth limit. Try rewriting the filter so that it contains fewer nested conditions.',
    reader.at,
    { hard: false },
  );
}

function readOr(reader: FilterReader, depth: number): FilterNode {
  checkDepth(reader, depth);
  const parts = [readAnd(reader, depth + 1)];
  while (reader.spacedWord('OR')) parts.push(required(() => readAnd(reader, depth + 1)));
  return parts.length === 1 ? (parts[0] as FilterNode) : { kind: 'or', parts };
}

function readAnd(reader: FilterReader, depth: number): FilterNode {
  checkDepth(reader, depth);
  const parts = [readNot(reader, depth + 1)];
  while (reader.spacedWord('AND')) parts.push(required(() => readNot(reader, depth + 1)));
  return parts.length === 1 ? (parts[0] as FilterNode) : { kind: 'and', parts };
}

function readNot(reader: FilterReader, depth: number): FilterNode {
  checkDepth(reader, depth);
  if (!reader.spacedWord('NOT')) return readPrimary(reader, depth + 1);
  const part = required(() => readNot(reader, depth + 1));
  return part.kind === 'not' ? part.part : { kind: 'not', part };
}

function readBrackets(reader: FilterReader, depth: number): FilterNode | null {
  const start = reader.at;
  if (!reader.spacedTag('(')) return null;
  const inside = required(() => readOr(reader, depth + 1));
  if (reader.spacedTag(')')) return inside;
  const rest = escapeDebug(reader.text.slice(start));
  throw reader.hard(`Expression \`${rest}\` is missing the following closing delimiter: \`)\`.`, start);
}

/** A condition, where a reserved word in the place of the field's name is final. */
function readConditionOrKeyword(reader: FilterReader): FilterNode | null {
  return tentatively(reader, () => {
    try {
      return readCondition(reader);
    } catch (error) {
      if (!(error instanceof FilterProblem) || !error.keyword) throw error;
      throw new FilterProblem(error.message, { hard: true, keyword: true });
    }
  });
}

function readPrimary(reader: FilterReader, depth: number): FilterNode {
  checkDepth(reader, depth);
  const start = reader.at;
  const node = readBrackets(reader, depth) ?? readGeo(reader) ?? readConditionOrKeyword(reader);
  if (node !== null) return node;
  const rest = reader.text.slice(start);
  const found = rest.trim() === '' ? 'but instead got nothing.' : `at \`${escapeDebug(rest)}\`.`;
  throw reader.problem(`Was expecting an operation ${operations} ${found}`, start, { hard: false });
}

/**
 * Parse one filter expression of Meilisearch's language; null when it is blank. Throws `FilterProblem` with the server's
 * own message. The order in which readings are tried is the server's, since it decides which message wins.
 */
export function parseExpression(text: string): FilterNode | null {
  if (text.trim() === '') return null;
  const reader = new FilterReader(text);
  const node = readOr(reader, 0);
  if (reader.atEnd) return node;
  const rest = escapeDebug(text.slice(reader.at));
  throw reader.hard(
    `Found unexpected characters at the end of the filter: \`${rest}\`. You probably forgot an \`OR\` or an \`AND\` rule.`,
    reader.at,
  );
}

function wrongForm(expected: string, found: unknown): FilterProblem {
  return new FilterProblem(
    `Invalid syntax for the filter parameter: \`expected ${expected}, found: ${JSON.stringify(found)}\`.`,
    { hard: true },
  );
}

function joined(kind: 'and' | 'or', parts: readonly (FilterNode | null)[]): FilterNode | null {
  const present = parts.filter((part) => part !== null);
  return present.length <= 1 ? (present[0] ?? null) : { kind, parts: present };
}

/** What stands in a list: an expression, or a list of expressions of which one has to hold. */
function parseListItem(item: unknown): FilterNode | null {
  if (typeof item === 'string') return parseExpression(item);
  return joined('or', (item as string[]).map(parseExpression));
}

/** The forms are judged before any expression is. */
function checkListForms(list: readonly unknown[]): void {
  for (const item of list) {
    if (typeof item === 'string') continue;
    if (!Array.isArray(item)) throw wrongForm('String, [String]', item);
    for (const inner of item) if (typeof inner !== 'string') throw wrongForm('String', inner);
  }
}

/**
 * Parse a filter in any form that a request may carry (expression, list, list of lists); null when it holds no
 * condition. Throws `FilterProblem`.
 */
export function parseFilter(filter: unknown): FilterNode | null {
  if (filter === null || filter === undefined) return null;
  if (typeof filter === 'string') return parseExpression(filter);
  if (!Array.isArray(filter)) throw wrongForm('String, Array', filter);
  checkListForms(filter);
  return joined('and', filter.map(parseListItem));
}
