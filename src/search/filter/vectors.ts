import { editDistance } from '../../validation/did-you-mean.ts';
import type { FilterNode } from './ast.ts';
import { FilterProblem } from './problem.ts';
import type { FilterReader } from './reader.ts';

const suffixes = ['fragments', 'userProvided', 'documentTemplate', 'regenerate'] as const;

/** A part of `_vectors.<embedder>...` that has to be there; quotes that do not match have their own message. */
function requiredPart(reader: FilterReader, message: string): void {
  const start = reader.at;
  const unclosed = () => reader.hard('The quotes in one of the values are inconsistent.', start);
  try {
    if (reader.part(unclosed) !== null) return;
  } catch (error) {
    if (error instanceof FilterProblem && error.message.startsWith('The quotes')) throw error;
  }
  throw reader.hard(message, start);
}

function readSuffix(reader: FilterReader): string | null {
  const suffix = suffixes.find((name) => reader.tag(`.${name}`)) ?? null;
  if (suffix === 'fragments') {
    if (!reader.tag('.')) throw reader.hard('The vector filter is missing a fragment name.', reader.at);
    requiredPart(reader, "The vector filter's fragment name is invalid.");
  }
  return suffix;
}

/** A word at most two edits away is suggested. */
function suggestion(found: string): string {
  const near = suffixes.find((name) => editDistance(found, name) <= 2);
  return near === undefined ? '' : ` Did you mean \`${near}\`?`;
}

function softPart(reader: FilterReader) {
  try {
    return reader.part(() => reader.hard('', reader.at));
  } catch {
    return null;
  }
}

/** Nothing may follow the suffix with another point. */
function refuseMore(reader: FilterReader, suffix: string | null): void {
  const point = reader.at;
  if (!reader.tag('.')) return;
  const part = softPart(reader);
  if (part !== null && suffix !== null) {
    throw reader.hard(
      `Vector filter can only accept one of \`fragments\`, \`userProvided\`, \`documentTemplate\` or \`regenerate\`, but found both \`${suffix}\` and \`${part.value}\`.`,
      part.start,
      part.end,
    );
  }
  if (part !== null) {
    throw reader.hard(
      `Was expecting one of \`fragments\`, \`userProvided\`, \`documentTemplate\`, \`regenerate\` or nothing, but instead found \`${part.value}\`.${suggestion(part.value)}`,
      part.start,
      part.end,
    );
  }
  throw reader.hard(
    'Was expecting one of `.fragments`, `.userProvided`, `.documentTemplate`, `.regenerate` or nothing, but instead found a point without a valid value.',
    point,
    point + 1,
  );
}

/** `_vectors EXISTS`, `_vectors.<embedder>.regenerate NOT EXISTS` and so on; null when the text does not begin like that. */
export function readVectorFilter(reader: FilterReader): FilterNode | null {
  const start = reader.at;
  reader.space();
  if (!reader.tag('_vectors')) {
    reader.at = start;
    return null;
  }
  if (!reader.space()) {
    if (!reader.tag('.')) {
      reader.at = start;
      return null;
    }
    const name = reader.at;
    if (reader.tag(' ')) throw reader.hard('Was expecting embedder name but found nothing.', name, name + 1);
    requiredPart(reader, "The vector filter's embedder name is invalid.");
    refuseMore(reader, readSuffix(reader));
    if (!reader.space()) throw reader.hard('The vector filter has leftover tokens.', reader.at);
  }
  if (reader.tag('EXISTS')) return { kind: 'vectorExists' };
  if (reader.phrase('NOT', 'EXISTS')) return { kind: 'not', part: { kind: 'vectorExists' } };
  throw reader.hard('Was expecting an operation like `EXISTS` or `NOT EXISTS` after the vector filter.', reader.at);
}
