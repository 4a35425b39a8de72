import { reservedPrefix } from '../documents/markers.ts';

/**
 * To a client Miroir's fields do not exist, but nodes know them. Names that begin like them are therefore sent in a
 * spelling that no document has, of the same length (error messages count columns), and spelled back in errors. String
 * values are compared without case, so the same may be done to a whole filter expression.
 */
const disguised = '_miroiR_';

/** The text as nodes may see it. */
export function disguise(text: string): string {
  return text.includes(reservedPrefix) ? text.replaceAll(reservedPrefix, disguised) : text;
}

/** The text as the client wrote it. */
export function reveal(text: string): string {
  return text.includes(disguised) ? text.replaceAll(disguised, reservedPrefix) : text;
}

/** `disguise` for every string of a filter in any of its forms. */
export function disguiseFilter(filter: unknown): unknown {
  if (typeof filter === 'string') return disguise(filter);
  return Array.isArray(filter) ? filter.map(disguiseFilter) : filter;
}
