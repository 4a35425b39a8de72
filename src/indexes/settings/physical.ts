import { shardField, versionField } from '../../documents/markers.ts';
import { embedderFields, fieldStatus, isSource } from './embedder-sources.ts';
import { settingNames } from './names.ts';
import { isObject, type Json } from './order.ts';
import { isMasked } from './secrets.ts';
import { guardEmbedders } from './templates.ts';

/**
 * Facet values per facet that the nodes return. Counts are exact only if no node cuts its list, so this is far above what
 * clients ask for; Miroir cuts the merged list to the client's own limit.
 */
export const nodeMaxValuesPerFacet = 100_000;

/**
 * Rules that come before the client's in the nodes' `filterableAttributes`. The shard marker can be filtered by equality
 * (what lies below it are fields that no document has, which some searches name);
 * the version marker by nothing, since a client's `*` pattern would otherwise index one facet value per document.
 */
export const ownRules: readonly Json[] = [
  {
    attributePatterns: [shardField, `${shardField}.*`],
    features: { facetSearch: false, filter: { equality: true, comparison: false } },
  },
  {
    attributePatterns: [versionField],
    features: { facetSearch: false, filter: { equality: false, comparison: false } },
  },
];

/** PATCH body that turns a new index of a node into one with the client's defaults. */
export function initialPhysicalSettings(): Json {
  return { filterableAttributes: [...ownRules], faceting: { maxValuesPerFacet: nodeMaxValuesPerFacet } };
}

function physicalFaceting(faceting: unknown): Json {
  if (!isObject(faceting)) return { sortFacetValuesBy: null };
  const { maxValuesPerFacet: _, ...rest } = faceting;
  return rest;
}

/**
 * A client's PATCH body as the nodes get it; what only Miroir applies is left out. `present` are the client's embedders
 * before it.
 */
export function toPhysicalPatch(patch: Json, present: unknown = {}): Json {
  const { displayedAttributes: _, ...physical } = patch;
  if ('filterableAttributes' in physical) {
    const rules = Array.isArray(physical.filterableAttributes) ? physical.filterableAttributes : [];
    physical.filterableAttributes = [...ownRules, ...rules];
  }
  if ('faceting' in physical) physical.faceting = physicalFaceting(physical.faceting);
  if ('embedders' in physical) physical.embedders = guardEmbedders(physical.embedders, present);
  return physical;
}

/** PATCH body that resets everything a client can set and puts Miroir's own settings in place. */
export function physicalReset(): Json {
  const patch = toPhysicalPatch(Object.fromEntries(settingNames.map((name) => [name, null])));
  return { ...patch, displayedAttributes: null, faceting: { ...initialFaceting, sortFacetValuesBy: null } };
}

const initialFaceting = { maxValuesPerFacet: nodeMaxValuesPerFacet };

/** An embedder in full: fields that it does not have are reset where its source allows that. */
function restoredEmbedder(embedder: unknown): unknown {
  if (!isObject(embedder)) return embedder;
  const source = isSource(embedder.source) ? embedder.source : 'openAi';
  const full: Json = {};
  for (const field of embedderFields) {
    // a quantized embedder cannot go back, and a key that is only known masked stays as the node has it
    if (field === 'apiKey' && isMasked(embedder.apiKey)) continue;
    if (field in embedder) full[field] = embedder[field];
    else if (field !== 'binaryQuantized' && fieldStatus(source, field) !== 'disallowed') full[field] = null;
  }
  return full;
}

/**
 * PATCH body to send and wait for before `toPhysicalRestore`, or null when none is needed: Meilisearch keeps an API key when
 * an embedder's source changes, and then refuses the source that cannot have one. `present` is the node's `embedders`.
 */
export function beforeRestore(logical: Json, present: unknown): Json | null {
  const committed = isObject(logical.embedders) ? logical.embedders : {};
  const stuck = Object.entries(isObject(present) ? present : {}).filter(([name, now]) => {
    const then = committed[name];
    if (!isObject(now) || !isObject(then) || !('apiKey' in now)) return false;
    return isSource(then.source) && fieldStatus(then.source, 'apiKey') === 'disallowed';
  });
  if (stuck.length === 0) return null;
  return { embedders: Object.fromEntries(stuck.map(([name]) => [name, { apiKey: null }])) };
}

/**
 * PATCH body that brings a node back to committed logical settings. `present` names the embedders that the node may have
 * now: those that are not committed are removed. API keys must be in clear (`keepSecrets`); masked ones are left as the
 * node has them.
 */
export function toPhysicalRestore(logical: Json, present: Iterable<string> = []): Json {
  const committed = isObject(logical.embedders) ? logical.embedders : {};
  const removed = [...present].filter((name) => !(name in committed)).map((name) => [name, null] as const);
  const kept = Object.entries(committed).map(([name, embedder]) => [name, restoredEmbedder(embedder)] as const);
  const patch = toPhysicalPatch({ ...logical, embedders: Object.fromEntries([...removed, ...kept]) });
  const faceting = isObject(patch.faceting) ? patch.faceting : {};
  return { ...patch, displayedAttributes: null, faceting: { ...faceting, ...initialFaceting } };
}

/** The same for a node that has been sent later changes of some settings (`changed`), which stand. */
export function toPhysicalRestoreBelow(logical: Json, present: Iterable<string>, changed: readonly string[]): Json {
  const later = new Set(changed);
  const patch = toPhysicalRestore(logical, present);
  const own = Object.fromEntries(Object.entries(patch).filter(([name]) => !later.has(name)));
  return { ...own, faceting: later.has('faceting') ? initialFaceting : patch.faceting };
}
