import { reservedPrefix, reservedSeparators } from '../../documents/markers.ts';
import { ApiError } from '../../errors/api-error.ts';
import { isObject, type Json } from './order.ts';
import { rulePatterns } from './parsers.ts';
import { ruleField } from './ranking-rules.ts';

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
}

/** The attributes that a patch names, setting by setting. */
function namedAttributes(patch: Json): [setting: string, attributes: string[]][] {
  const list = (value: unknown) => (Array.isArray(value) ? value : []);
  const typo = isObject(patch.typoTolerance) ? patch.typoTolerance : {};
  const faceting = isObject(patch.faceting) ? patch.faceting : {};
  return [
    ['displayedAttributes', texts(patch.displayedAttributes)],
    ['searchableAttributes', texts(patch.searchableAttributes)],
    ['filterableAttributes', list(patch.filterableAttributes).flatMap(rulePatterns)],
    ['sortableAttributes', texts(patch.sortableAttributes)],
    ['rankingRules', texts(patch.rankingRules).map((rule) => ruleField(rule) ?? '')],
    ['distinctAttribute', typeof patch.distinctAttribute === 'string' ? [patch.distinctAttribute] : []],
    ['typoTolerance', texts(typo.disableOnAttributes)],
    ['faceting', isObject(faceting.sortFacetValuesBy) ? Object.keys(faceting.sortFacetValuesBy) : []],
    ['localizedAttributes', list(patch.localizedAttributes).flatMap(rulePatterns)],
  ];
}

const tokenSettings = [
  ['nonSeparatorTokens', 'invalid_settings_non_separator_tokens'],
  ['dictionary', 'invalid_settings_dictionary'],
] as const;

/** Whether a token holds nothing but characters that the markers are written in. */
function isMarkerText(token: string): boolean {
  return token !== '' && [...token].every((character) => reservedSeparators.includes(character));
}

/** Refuses what would name or break the fields that Miroir adds to documents. */
export function checkReserved(patch: Json): void {
  for (const [setting, attributes] of namedAttributes(patch)) {
    const name = attributes.find((attribute) => attribute.startsWith(reservedPrefix));
    if (name === undefined) continue;
    const message = `Invalid value in \`${setting}\`: \`${name}\` begins with \`${reservedPrefix}\`, which is kept for Miroir.`;
    throw new ApiError('miroir_reserved_field', message);
  }
  for (const [setting, code] of tokenSettings) {
    const token = texts(patch[setting]).find(isMarkerText);
    if (token === undefined) continue;
    const characters = reservedSeparators.map((text) => `\`${text}\``).join(', ');
    const message = `Invalid value in \`${setting}\`: \`${token}\` must stay a separator, because Miroir marks documents with it. Tokens made of these characters cannot be listed: ${characters}.`;
    throw new ApiError(code, message);
  }
}
