import { crossChecks, type ValidParts, warnings } from './checks.ts';
import { envLayer, fileLayer, flagLayer, type Layer, mergeRaw, type RawConfig, unknownVariables } from './layers.ts';
import { ConfigError, type Problem, toProblems } from './problems.ts';
import { type Config, type FileInput, type FileOutput, fileSchema } from './schema.ts';

/** Where values come from; later ones win: file, environment, flags. */
export interface ConfigSources {
  /** Path of the YAML file; absent means that everything comes from the other two. */
  file?: string;
  env?: Readonly<Record<string, string | undefined>>;
  /** Same shape as the file. */
  flags?: RawConfig;
}

/** A valid configuration and what should be looked at nevertheless. */
export interface LoadedConfig {
  config: Config;
  warnings: readonly Problem[];
}

function camelKey(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelKey(key), camel(inner)]));
}

/** Those top-level keys that are valid on their own, so that contradictions show together with other problems. */
function validParts(raw: RawConfig): ValidParts {
  const parts: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(fileSchema.shape)) {
    const result = schema.safeParse(raw[key]);
    if (result.success) parts[key] = result.data;
  }
  return parts as ValidParts;
}

function validate(raw: RawConfig): { output: FileOutput } | { problems: Problem[] } {
  const result = fileSchema.safeParse(raw, { reportInput: true });
  const problems = [
    ...(result.success ? [] : toProblems(result.error.issues)),
    ...crossChecks(result.success ? result.data : validParts(raw)),
  ];
  return result.success && problems.length === 0 ? { output: result.data } : { problems };
}

/** Checks one value of the file's shape and fills in defaults. Throws `ConfigError`. */
export function parseConfig(raw: FileInput): Config {
  const result = validate(raw);
  if ('problems' in result) throw new ConfigError(result.problems);
  return camel(result.output) as Config;
}

function withSource(problem: Problem, sources: ReadonlyMap<string, string>): Problem {
  if (problem.source !== undefined) return problem;
  const plain = problem.path.replace(/\[.*$/, '');
  const source = sources.get(problem.path) ?? sources.get(plain);
  return source === undefined ? problem : { ...problem, source };
}

/** Reads, lays over each other and checks all sources. Throws `ConfigError` with every problem found. */
export function loadConfig(from: ConfigSources): LoadedConfig {
  const layers: Layer[] = [];
  if (from.file !== undefined) layers.push(fileLayer(from.file));
  layers.push(envLayer(from.env ?? {}), flagLayer(from.flags ?? {}));

  const raw = layers.reduce<RawConfig>((values, layer) => mergeRaw(values, layer.values), {});
  const sources = new Map(layers.flatMap((layer) => [...layer.sources]));
  const result = validate(raw);
  const problems = [
    ...layers.flatMap((layer) => layer.problems),
    ...('problems' in result ? result.problems.map((problem) => withSource(problem, sources)) : []),
  ];
  if ('problems' in result || problems.length > 0) throw new ConfigError(problems);
  const misspelt = unknownVariables(from.env ?? {}).map((name) => ({
    path: name,
    message: 'unknown environment variable, ignored',
  }));
  return { config: camel(result.output) as Config, warnings: [...warnings(result.output), ...misspelt] };
}
