import type { FilterNode, FilterOperator, FilterToken } from './ast.ts';
import { escapeDebug, FilterProblem } from './problem.ts';
import type { FilterReader } from './reader.ts';
import { readVectorFilter } from './vectors.ts';

/** Run a reading; a soft problem gives null and leaves the reader where it was. */
export function tentatively<T>(reader: FilterReader, read: () => T): T | null {
  const before = reader.at;
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FilterProblem) || error.hard) throw error;
    reader.at = before;
    return null;
  }
}

/** Run a reading that has to fit: every problem in it is final. */
export function required<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FilterProblem) || error.hard) throw error;
    throw new FilterProblem(error.message, { hard: true, keyword: error.keyword });
  }
}

function refuseReservedGeo(reader: FilterReader): void {
  const { at } = reader;
  const names: [string, () => boolean][] = [
    ['_geoPoint', () => reader.tag('_geoPoint')],
    ['_geoDistance', () => reader.tag('_geoDistance')],
    ['_geo', () => reader.word('_geo')],
  ];
  for (const [name, found] of names) {
    if (!found()) continue;
    throw reader.hard(
      `\`${name}\` is a reserved keyword and thus can't be used as a filter expression. Use the \`_geoRadius(latitude, longitude, distance)\` or \`_geoBoundingBox([latitude, longitude], [latitude, longitude])\` built-in rules to filter on \`_geo\` coordinates.`,
      at,
    );
  }
  for (const name of ['_geoRadius', '_geoBoundingBox']) {
    if (!reader.word(name)) continue;
    throw reader.hard(`The \`${name}\` filter is an operation and can't be used as a value.`, at);
  }
}

/** A field name or a value. */
export function readValue(reader: FilterReader): FilterToken {
  reader.anySpace();
  refuseReservedGeo(reader);
  return reader.value();
}

/** `_geoRadius(...)` or `_geoBoundingBox(...)`, or null. */
export function readGeo(reader: FilterReader): FilterNode | null {
  const start = reader.at;
  reader.space();
  if (reader.word('_geoRadius')) {
    const message = 'The `_geoRadius` filter expects three arguments: `_geoRadius(latitude, longitude, radius)`.';
    const count = reader.floats('(', ')');
    if (count !== 3) throw reader.hard(message, count === null ? start : reader.at);
    return { kind: 'geoRadius' };
  }
  if (reader.word('_geoBoundingBox')) {
    const message =
      'The `_geoBoundingBox` filter expects two pairs of arguments: `_geoBoundingBox([latitude, longitude], [latitude, longitude])`.';
    const sizes: number[] = [];
    const count = reader.list('(', ')', () => {
      reader.space();
      const size = reader.floats('[', ']');
      reader.space();
      if (size !== null) sizes.push(size);
      return size !== null;
    });
    if (count === null) throw reader.hard(message, start);
    if (count !== 2 || sizes.some((size) => size !== 2)) throw reader.hard(message, reader.at);
    return { kind: 'geoBoundingBox' };
  }
  reader.at = start;
  return null;
}

function readValueList(reader: FilterReader): FilterToken[] {
  const first = tentatively(reader, () => readValue(reader));
  if (first === null) return [];
  const values = [first];
  for (;;) {
    const before = reader.at;
    const next = reader.spacedTag(',') ? tentatively(reader, () => readValue(reader)) : null;
    if (next === null) {
      reader.at = before;
      break;
    }
    values.push(next);
  }
  reader.spacedTag(',');
  return values;
}

/** What follows `IN`. */
function readInList(reader: FilterReader): FilterToken[] {
  if (!reader.tag('[')) throw reader.hard('Expected `[` after `IN` keyword.', reader.at);
  const values = readValueList(reader);
  if (reader.spacedTag(']')) return values;
  if (reader.atEnd) {
    throw reader.hard('Expected matching `]` after the list of field names given to `IN[`', reader.at);
  }
  const found = escapeDebug(reader.text.slice(reader.at));
  throw reader.hard(
    `Expected only comma-separated field names inside \`IN[..]\` but instead found \`${found}\`.`,
    reader.at,
  );
}

const comparisons: readonly FilterOperator[] = ['<=', '>=', '!=', '<', '>', '='];

const condition = (field: FilterToken, operator: FilterOperator, values: FilterToken[]): FilterNode => ({
  kind: 'condition',
  field,
  operator,
  values,
});

function readIn(reader: FilterReader, field: FilterToken): FilterNode | null {
  if (reader.spacedWord('IN')) return condition(field, 'IN', readInList(reader));
  const before = reader.at;
  if (reader.word('NOT') && reader.spacedWord('IN')) {
    return { kind: 'not', part: condition(field, 'IN', readInList(reader)) };
  }
  reader.at = before;
  return null;
}

function readComparison(reader: FilterReader, field: FilterToken): FilterNode | null {
  const operator = comparisons.find((sign) => reader.tag(sign));
  if (operator === undefined) return null;
  return condition(field, operator, [required(() => readValue(reader))]);
}

function readState(reader: FilterReader, field: FilterToken): FilterNode | null {
  for (const state of ['NULL', 'EMPTY'] as const) {
    if (reader.phrase('IS', state)) return condition(field, state, []);
    if (reader.phrase('IS', 'NOT', state)) return { kind: 'not', part: condition(field, state, []) };
  }
  return null;
}

function readExists(reader: FilterReader, field: FilterToken): FilterNode | null {
  if (reader.tag('EXISTS')) return condition(field, 'EXISTS', []);
  return reader.phrase('NOT', 'EXISTS') ? { kind: 'not', part: condition(field, 'EXISTS', []) } : null;
}

function readRange(reader: FilterReader, field: FilterToken): FilterNode | null {
  const before = reader.at;
  const from = tentatively(reader, () => readValue(reader));
  if (from !== null && reader.tag('TO') && reader.space()) {
    return condition(field, 'TO', [from, required(() => readValue(reader))]);
  }
  reader.at = before;
  return null;
}

function readTextMatch(reader: FilterReader, field: FilterToken): FilterNode | null {
  for (const operator of ['CONTAINS', 'STARTS WITH'] as const) {
    if (reader.tag(operator)) return condition(field, operator, [required(() => readValue(reader))]);
    if (reader.phrase('NOT', operator)) {
      return { kind: 'not', part: condition(field, operator, [required(() => readValue(reader))]) };
    }
  }
  return null;
}

/** A field name and what is said about it; null when nothing is. A vector filter starts anew at the name. */
export function readCondition(reader: FilterReader): FilterNode | null {
  const start = reader.at;
  const field = readValue(reader);
  const known = readIn(reader, field) ?? readComparison(reader, field) ?? readState(reader, field);
  if (known !== null) return known;
  const behind = reader.at;
  reader.at = start;
  const vector = readVectorFilter(reader);
  if (vector !== null) return vector;
  reader.at = behind;
  return readExists(reader, field) ?? readRange(reader, field) ?? readTextMatch(reader, field);
}
