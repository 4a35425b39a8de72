/** A number as it was written: `1.0` is not `1`. */
export class RawNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON whose numbers keep their spelling and whose objects keep their key order. */
export type Raw = null | boolean | string | RawNumber | Raw[] | Map<string, Raw>;

const literals: Readonly<Record<string, null | boolean>> = { true: true, false: false, null: null };
const token = /[ \t\r\n]*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{},:])/y;

/** Parse JSON text; throws `SyntaxError` on anything that is not JSON. Written apart from `src/json`, which it checks. */
export function parseRaw(source: string): Raw {
  let at = 0;
  const take = (): string => {
    token.lastIndex = at;
    const found = token.exec(source)?.[1];
    if (found === undefined) throw new SyntaxError(`unexpected text at ${at}: ${source.slice(at, at + 40)}`);
    at = token.lastIndex;
    return found;
  };
  const list = (): Raw[] => {
    const items: Raw[] = [];
    let next = take();
    while (next !== ']') {
      items.push(value(next));
      next = take();
      if (next === ',') next = take();
    }
    return items;
  };
  const object = (): Map<string, Raw> => {
    const fields = new Map<string, Raw>();
    let next = take();
    while (next !== '}') {
      const key = JSON.parse(next) as string;
      if (take() !== ':') throw new SyntaxError(`expected a colon at ${at}`);
      fields.set(key, value(take()));
      next = take();
      if (next === ',') next = take();
    }
    return fields;
  };
  const value = (first: string): Raw => {
    if (first === '{') return object();
    if (first === '[') return list();
    if (first.startsWith('"')) return JSON.parse(first) as string;
    if (first in literals) return literals[first] ?? null;
    if (/^[-\d]/.test(first)) return new RawNumber(first);
    throw new SyntaxError(`unexpected ${first} at ${at}`);
  };
  const parsed = value(take());
  if (source.slice(at).trim() !== '') throw new SyntaxError(`text after the value at ${at}`);
  return parsed;
}

/** Back to text; `sortKeys` makes equal values equal text whatever their key order. */
export function printRaw(value: Raw, sortKeys = false): string {
  if (value instanceof RawNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => printRaw(item, sortKeys)).join(',')}]`;
  if (value instanceof Map) {
    const entries = [...value];
    if (sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${printRaw(item, sortKeys)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** A field of an object, or undefined. */
export function field(value: Raw | undefined, key: string): Raw | undefined {
  return value instanceof Map ? value.get(key) : undefined;
}
