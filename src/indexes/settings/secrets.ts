import { isObject, type Json } from './order.ts';

const maskPattern = /^.{0,5}X{3,6}\.\.\.$/s;

/** A secret as Meilisearch shows it: its first bytes (fewer, the shorter it is) and a row of X. */
export function maskSecret(secret: string): string {
  const bytes = Buffer.from(secret);
  const shown = bytes.length < 10 ? 0 : bytes.length < 20 ? 2 : bytes.length < 30 ? 3 : 5;
  return `${bytes.subarray(0, shown).toString()}${'X'.repeat(shown === 0 ? 3 : shown === 5 ? 6 : shown + 2)}...`;
}

/** Whether a key looks as `maskSecret` leaves it, so that it must not be sent to a node as if it were the key. */
export function isMasked(apiKey: unknown): boolean {
  return typeof apiKey === 'string' && maskPattern.test(apiKey);
}

const nested = ['searchEmbedder', 'indexingEmbedder'];

/** The same embedder with `change` applied to its key and to those of the embedders inside it. */
function mapKeys(embedder: unknown, change: (apiKey: string, path: string) => string, path: string): unknown {
  if (!isObject(embedder)) return embedder;
  const copy: Json = { ...embedder };
  if (typeof copy.apiKey === 'string') copy.apiKey = change(copy.apiKey, path);
  for (const name of nested) if (name in copy) copy[name] = mapKeys(copy[name], change, `${path}/${name}`);
  return copy;
}

function mapEmbedders(embedders: unknown, change: (apiKey: string, path: string) => string): unknown {
  if (!isObject(embedders)) return embedders;
  return Object.fromEntries(Object.entries(embedders).map(([name, value]) => [name, mapKeys(value, change, name)]));
}

/** Settings, or a patch of settings, with the embedders' API keys masked as in Meilisearch's answers and task details. */
export function maskSecrets(settings: Json): Json {
  if (!('embedders' in settings)) return settings;
  const mask = (apiKey: string) => (isMasked(apiKey) ? apiKey : maskSecret(apiKey));
  return { ...settings, embedders: mapEmbedders(settings.embedders, mask) };
}

/**
 * Settings read back from a node, in which keys are masked, with the keys put in again: those that the patch set, else
 * those known before. For storing what `toPhysicalRestore` needs; answers go through `maskSecrets`.
 */
export function keepSecrets(readBack: Json, known: Json, patch: Json): Json {
  const clear = new Map<string, string>();
  for (const source of [known.embedders, patch.embedders]) {
    mapEmbedders(source, (apiKey, path) => {
      if (!isMasked(apiKey)) clear.set(path, apiKey);
      return apiKey;
    });
  }
  const fits = (shown: string, apiKey: string | undefined) => apiKey !== undefined && maskSecret(apiKey) === shown;
  const embedders = mapEmbedders(readBack.embedders, (shown, path) => {
    const apiKey = clear.get(path);
    return fits(shown, apiKey) ? (apiKey ?? shown) : shown;
  });
  return { ...readBack, embedders };
}
