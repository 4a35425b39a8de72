import { createHash } from 'node:crypto';
import { defaultMaxValuesPerFacet, defaultSettings, hiddenDefaults } from './defaults.ts';
import { settingNames } from './names.ts';
import { canonicalJson, isObject, type Json, pick } from './order.ts';
import { ownRules } from './physical.ts';
import { maskSecrets } from './secrets.ts';
import { unguardEmbedders } from './templates.ts';

/** Settings that Miroir applies itself, so that the nodes do not know the client's value. */
export interface SettingOverrides {
  displayedAttributes: string[];
  maxValuesPerFacet: number;
}

/** What logical settings say about what the nodes are not told. */
export function overridesOf(logical: Json): SettingOverrides {
  const defaults = { displayedAttributes: ['*'], maxValuesPerFacet: defaultMaxValuesPerFacet };
  return applyOverrides(defaults, pick(logical, ['displayedAttributes', 'faceting']));
}

/** The list as Meilisearch keeps it: without repetitions, and `*` alone if it is among them. */
function displayed(value: unknown): string[] {
  if (!Array.isArray(value) || value.includes('*')) return ['*'];
  return [...new Set(value as string[])];
}

/** The overrides after a validated PATCH body; null resets. */
export function applyOverrides(overrides: SettingOverrides, patch: Json): SettingOverrides {
  const result = { ...overrides };
  if ('displayedAttributes' in patch) result.displayedAttributes = displayed(patch.displayedAttributes);
  if ('faceting' in patch) {
    const faceting = patch.faceting ?? { maxValuesPerFacet: null };
    if (isObject(faceting) && 'maxValuesPerFacet' in faceting) {
      const limit = faceting.maxValuesPerFacet;
      result.maxValuesPerFacet = typeof limit === 'number' ? limit : defaultMaxValuesPerFacet;
    }
  }
  return result;
}

const ownRuleTexts = new Set(ownRules.map(canonicalJson));

/** What one Meilisearch would answer to `GET /settings`, from a node's answer and what the node does not know. */
export function toLogical(nodeSettings: unknown, overrides: SettingOverrides): Json {
  const settings: Json = { ...(nodeSettings as Json) };
  settings.displayedAttributes = overrides.displayedAttributes;
  if (Array.isArray(settings.filterableAttributes)) {
    settings.filterableAttributes = settings.filterableAttributes.filter(
      (rule) => !ownRuleTexts.has(canonicalJson(rule)),
    );
  }
  if (isObject(settings.faceting)) {
    settings.faceting = { ...settings.faceting, maxValuesPerFacet: overrides.maxValuesPerFacet };
  }
  if ('embedders' in settings) settings.embedders = unguardEmbedders(settings.embedders);
  return settings;
}

/** The body of `GET /settings/{name}`. */
export function getSetting(logical: Json, name: string): unknown {
  if (name in logical) return logical[name];
  return { ...defaultSettings(), ...hiddenDefaults() }[name] ?? null;
}

/** The same for equal settings, whatever the order of keys; for comparing nodes. */
export function settingsHash(logical: Json): string {
  return createHash('sha256').update(canonicalJson(logical)).digest('hex');
}

const shownAsWildcard = ['displayedAttributes', 'searchableAttributes'];

/**
 * `details` of the task that a validated PATCH body (also that of a single route, or of a DELETE) becomes: what was sent,
 * in declaration order, keys masked, and `["*"]` for the two lists whose reset means everything.
 */
export function logicalTaskDetails(patch: Json, options: { reset?: boolean } = {}): Json {
  const all = options.reset === true ? Object.fromEntries(settingNames.map((name) => [name, null])) : patch;
  const details: Json = pick(maskSecrets(all), settingNames);
  for (const name of shownAsWildcard) if (details[name] === null) details[name] = ['*'];
  return details;
}
