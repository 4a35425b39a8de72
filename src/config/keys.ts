import { z } from 'zod';
import { parseDuration, parseSize } from './units.ts';

/** What is known about one key besides its type; messages, environment variables and the reference page come from it. */
export interface KeyMeta {
  kind: 'section' | 'list' | 'text' | 'secret' | 'integer' | 'boolean' | 'choice' | 'duration' | 'size';
  /** For people: what it does and when to change it. */
  description: string;
  /** What a valid value looks like, put after "expected" in error messages. */
  expected: string;
  /** As it would be written in the file; absent when there is none. */
  default?: string;
}

/** Metadata of every schema node of the configuration. */
export const keyMeta = z.registry<KeyMeta>();

interface Range {
  min: number;
  max: number;
}

/** A whole number. */
export function integer(description: string, range: Range, fallback: number) {
  const expected = `a whole number from ${range.min} to ${range.max}`;
  const schema = z.int().min(range.min).max(range.max).default(fallback);
  return schema.register(keyMeta, { kind: 'integer', description, expected, default: String(fallback) });
}

/** A TCP port to listen on. */
export function port(description: string, fallback: number) {
  return integer(`${description} \`0\` lets the system choose one.`, { min: 0, max: 65_535 }, fallback);
}

/** Text; `pattern` with what it means for the error message. */
export function text(description: string, fallback: string, expected = 'a text') {
  const schema = z.string().min(1).default(fallback);
  return schema.register(keyMeta, { kind: 'text', description, expected, default: fallback });
}

/** A value that never appears in messages or listings. */
export function secret(description: string) {
  const schema = z.string().min(1).optional();
  return schema.register(keyMeta, {
    kind: 'secret',
    description,
    expected: 'a text (put it in quotes when it consists of digits)',
  });
}

/** One of some words. */
export function choice<const T extends readonly [string, ...string[]]>(
  description: string,
  values: T,
  fallback: NoInfer<T[number]>,
) {
  const schema = z.enum(values).default(fallback as never);
  const expected = values.length === 1 ? `\`${values[0]}\`` : `one of ${values.map((v) => `\`${v}\``).join(', ')}`;
  return schema.register(keyMeta, { kind: 'choice', description, expected, default: fallback });
}

/** Yes or no. */
export function flag(description: string, fallback: boolean) {
  const schema = z.boolean().default(fallback);
  return schema.register(keyMeta, {
    kind: 'boolean',
    description,
    expected: '`true` or `false`',
    default: String(fallback),
  });
}

function quantity(
  parse: (text: string) => number | null,
  meta: KeyMeta & { kind: 'duration' | 'size'; default: string },
  range: { min: string; max: string },
) {
  const min = parse(range.min) ?? 0;
  const max = parse(range.max) ?? Number.MAX_SAFE_INTEGER;
  const schema = z
    .string()
    .transform((written, context) => {
      const value = parse(written);
      if (value !== null && value >= min && value <= max) return value;
      context.addIssue({ code: 'custom', message: meta.expected, input: written });
      return z.NEVER;
    })
    .prefault(meta.default);
  return schema.register(keyMeta, meta);
}

/** A span of time; milliseconds once parsed. */
export function duration(description: string, fallback: string, range: { min: string; max: string }) {
  const expected = `a duration from ${range.min} to ${range.max}, written like 500ms, 5s, 10m, 6h or 7d`;
  return quantity(parseDuration, { kind: 'duration', description, expected, default: fallback }, range);
}

/** An amount of memory; bytes once parsed. */
export function size(description: string, fallback: string, range: { min: string; max: string }) {
  const expected = `a size from ${range.min} to ${range.max}, written like 512KiB, 100MiB or 2GiB`;
  return quantity(parseSize, { kind: 'size', description, expected, default: fallback }, range);
}

/** A group of keys that may be left out as a whole. */
export function section<T extends z.ZodRawShape>(description: string, shape: T) {
  const expected = `a section with the keys ${Object.keys(shape).join(', ')}`;
  const schema = z.strictObject(shape).prefault({} as never);
  return schema.register(keyMeta, { kind: 'section', description, expected });
}
