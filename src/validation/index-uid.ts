import type { Parser } from './cursor.ts';
import { invalidValue } from './messages.ts';
import { refine, string } from './values.ts';

/** Whether the text may name an index: ASCII letters, digits, `-`, `_`, one to 400 bytes. */
export function isIndexUid(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,400}$/.test(text);
}

/** What is wrong with a uid that is not acceptable (the message says 512, the limit is 400). */
export function invalidIndexUid(text: string): string {
  return `\`${text}\` is not a valid index uid. Index uid can be an integer or a string containing only alphanumeric characters, hyphens (-) and underscores (_), and can not be more than 512 bytes.`;
}

/** An index uid in a body or a parameter. */
export const indexUid: Parser<string> = refine(string, (text, at) => {
  if (!isIndexUid(text)) throw invalidValue(at, invalidIndexUid(text));
  return text;
});
