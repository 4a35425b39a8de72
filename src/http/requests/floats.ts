import type { Parser } from '../../validation/cursor.ts';
import { invalidValue } from '../../validation/messages.ts';
import { number, refine, string } from '../../validation/values.ts';

/** A float as Meilisearch reads it from text, or null when it is none. */
export function parseFloatText(text: string): number | null {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return null;
}

const refusal = (name: string) => `the value of \`${name}\` is invalid, expected a float between \`0.0\` and \`1.0\`.`;

const outside = (value: number) => value < 0 || value > 1;

/** A JSON number from 0 to 1; `name` is how the message calls it. */
export function ratio(name: string): Parser<number> {
  return refine(number, (value, at) => {
    if (outside(value)) throw invalidValue(at, refusal(name));
    return value;
  });
}

/** The same from text. */
export function ratioText(name: string): Parser<number> {
  return refine(string, (text, at) => {
    const value = parseFloatText(text);
    if (value === null || outside(value)) throw invalidValue(at, refusal(name));
    return value;
  });
}

/** Comma-separated floats; empty elements are skipped. */
export const floatList: Parser<number[]> = refine(string, (text, at) =>
  text
    .split(',')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const value = parseFloatText(piece);
      if (value === null) throw invalidValue(at, 'invalid float literal');
      return value;
    }),
);
