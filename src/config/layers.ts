import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { configKeys, isSecret, type KeyInfo } from './describe.ts';
import { ConfigError, type Problem } from './problems.ts';

/** A nested object as written by the user, not yet validated. */
export type RawConfig = Record<string, unknown>;

/** One source of values; later layers win. `sources` tells where each dotted path came from. */
export interface Layer {
  values: RawConfig;
  sources: ReadonlyMap<string, string>;
  problems: readonly Problem[];
}

function isObject(value: unknown): value is RawConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Puts a value at a path of an object, making the objects on the way. */
export function setAt(target: RawConfig, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const child = isObject(target[head]) ? { ...target[head] } : {};
  target[head] = child;
  setAt(child, rest, value);
}

function takeAt(target: RawConfig, path: readonly string[]): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return undefined;
  if (rest.length === 0) {
    const value = target[head];
    delete target[head];
    return value;
  }
  return isObject(target[head]) ? takeAt(target[head], rest) : undefined;
}

/** Values of `over` laid over those of `under`; lists are replaced whole. */
export function mergeRaw(under: RawConfig, over: RawConfig): RawConfig {
  const merged: RawConfig = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(below) && isObject(value) ? mergeRaw(below, value) : value;
  }
  return merged;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readSecret(file: unknown, path: string, source: string): { value: string } | { problem: Problem } {
  if (typeof file !== 'string' || file === '') return { problem: { path, source, message: 'expected a file path' } };
  try {
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (value !== '') return { value };
    return { problem: { path, source, message: `the file ${file} is empty` } };
  } catch (error) {
    return { problem: { path, source, message: `the file cannot be read: ${messageOf(error)}` } };
  }
}

function leafSources(values: RawConfig, prefix: string, source: string, into: Map<string, string>): void {
  for (const [key, value] of Object.entries(values)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    into.set(path, source);
    if (isObject(value)) leafSources(value, path, source, into);
  }
}

/** Replaces each `<secret>_file` of a layer by the content of that file. */
function resolveSecretFiles(values: RawConfig, sourceOf: (path: string) => string): Problem[] {
  const problems: Problem[] = [];
  for (const key of configKeys.filter(isSecret)) {
    const filePath = `${key.path}_file`;
    const file = takeAt(values, filePath.split('.'));
    if (file === undefined) continue;
    const source = sourceOf(filePath);
    const copy = structuredClone(values);
    if (takeAt(copy, key.path.split('.')) !== undefined) {
      problems.push({ path: filePath, source, message: `given together with ${key.path}, expected only one of them` });
      continue;
    }
    const read = readSecret(file, filePath, source);
    if ('problem' in read) problems.push(read.problem);
    else setAt(values, key.path.split('.'), read.value);
  }
  return problems;
}

/** The YAML file as a layer. Throws `ConfigError` when it cannot be read or is no YAML mapping. */
export function fileLayer(file: string): Layer {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([{ path: '', message: `the file ${file} cannot be read: ${messageOf(error)}` }]);
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({ path: '', source: file, message: error.message.trim() }));
    throw new ConfigError(problems);
  }
  const parsed: unknown = document.toJS() ?? {};
  if (!isObject(parsed)) {
    throw new ConfigError([{ path: '', source: file, message: 'expected keys and values at the top level' }]);
  }
  const values = parsed;
  const problems = resolveSecretFiles(values, () => file);
  const sources = new Map<string, string>();
  leafSources(values, '', file, sources);
  return { values, sources, problems };
}

/** Text of an environment variable as the type of its key; text that does not fit stays text and fails validation. */
function fromText(key: KeyInfo, text: string): unknown {
  if (key.kind === 'integer' && /^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  if (key.kind === 'boolean' && /^(true|false)$/.test(text.trim())) return text.trim() === 'true';
  if (key.kind !== 'list') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `MIROIR_...` variables as a layer; an empty variable counts as unset. */
export function envLayer(env: Readonly<Record<string, string | undefined>>): Layer {
  const values: RawConfig = {};
  const sources = new Map<string, string>();
  for (const key of configKeys) {
    if (key.env === null) continue;
    const text = env[key.env];
    if (text !== undefined && text !== '') {
      setAt(values, key.path.split('.'), fromText(key, text));
      sources.set(key.path, key.env);
    }
    const file = env[`${key.env}_FILE`];
    if (isSecret(key) && file !== undefined && file !== '') {
      setAt(values, `${key.path}_file`.split('.'), file);
      sources.set(key.path, `${key.env}_FILE`);
    }
  }
  const problems = resolveSecretFiles(values, (path) => `MIROIR_${path.replaceAll('.', '_').toUpperCase()}`);
  return { values, sources, problems };
}

/** Values given on the command line; `names` maps dotted paths to the flag's name. */
export function flagLayer(values: RawConfig): Layer {
  const sources = new Map<string, string>();
  leafSources(values, '', 'the command line', sources);
  return { values, sources, problems: [] };
}

/** Variables that look like Miroir's and are not: probably misspelt. Those that Kubernetes sets for a service named `miroir` are left out. */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set<string>(['MIROIR_CONFIG', 'MIROIR_URL', 'MIROIR_MEILISEARCH_BIN']);
  for (const key of configKeys) {
    if (key.env === null) continue;
    known.add(key.env);
    if (isSecret(key)) known.add(`${key.env}_FILE`);
  }
  const fromKubernetes = /_(SERVICE_(HOST|PORT)|PORT)(_|$)/;
  return Object.keys(env)
    .filter((name) => name.startsWith('MIROIR_') && !known.has(name) && !fromKubernetes.test(name))
    .sort();
}
