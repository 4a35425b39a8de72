import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reservedSeparators, shardField } from '../../../src/documents/markers.ts';
import { ApiError } from '../../../src/errors/api-error.ts';
import { defaultSettings } from '../../../src/indexes/settings/defaults.ts';
import {
  applyOverrides,
  getSetting,
  logicalTaskDetails,
  overridesOf,
  settingsHash,
  toLogical,
} from '../../../src/indexes/settings/logical.ts';
import { settingInfo, settingNames, settingTable } from '../../../src/indexes/settings/names.ts';
import { parseSetting, parseSettings } from '../../../src/indexes/settings/parse.ts';
import {
  nodeMaxValuesPerFacet,
  ownRules,
  toPhysicalPatch,
  toPhysicalRestore,
  toPhysicalRestoreBelow,
} from '../../../src/indexes/settings/physical.ts';
import { isMasked, keepSecrets, maskSecret, maskSecrets } from '../../../src/indexes/settings/secrets.ts';

describe('physical settings', () => {
  test('own rules come first, whatever the client sends', () => {
    expect(toPhysicalPatch({ filterableAttributes: ['a'] })).toEqual({ filterableAttributes: [...ownRules, 'a'] });
    expect(toPhysicalPatch({ filterableAttributes: null })).toEqual({ filterableAttributes: [...ownRules] });
    expect(toPhysicalPatch({ stopWords: ['a'] })).toEqual({ stopWords: ['a'] });
  });

  test('what only Miroir applies does not reach the nodes', () => {
    expect(toPhysicalPatch({ displayedAttributes: ['a'] })).toEqual({});
    expect(toPhysicalPatch({ faceting: null })).toEqual({ faceting: { sortFacetValuesBy: null } });
    expect(toPhysicalPatch({ faceting: { maxValuesPerFacet: 3 } })).toEqual({ faceting: {} });
  });

  test('restoring never sends a masked key', () => {
    const embedders = { e: { source: 'openAi', model: 'm', apiKey: 'abXXXX...' } };
    const body = toPhysicalRestore({ ...defaultSettings(), embedders }, ['e', 'gone']);
    const sent = body.embedders as Record<string, Record<string, unknown> | null>;
    expect(sent.gone).toBeNull();
    expect(sent.e).not.toHaveProperty('apiKey');
    expect(sent.e).toMatchObject({ source: 'openAi', model: 'm', url: null });
    expect(body).toMatchObject({ faceting: { maxValuesPerFacet: nodeMaxValuesPerFacet }, displayedAttributes: null });
  });

  test('restoring below later changes leaves those, but for what is Miroir’s own', () => {
    const whole = toPhysicalRestore(defaultSettings(), ['gone']);
    const { stopWords: _, faceting: __, ...rest } = whole;
    const below = toPhysicalRestoreBelow(defaultSettings(), ['gone'], ['stopWords', 'faceting']);
    expect(below).toEqual({ ...rest, faceting: { maxValuesPerFacet: nodeMaxValuesPerFacet } });
    expect(toPhysicalRestoreBelow(defaultSettings(), ['gone'], [])).toEqual(whole);
  });
});

describe('logical settings', () => {
  test('overrides follow changes and resets', () => {
    let overrides = overridesOf(defaultSettings());
    expect(overrides).toEqual({ displayedAttributes: ['*'], maxValuesPerFacet: 100 });
    overrides = applyOverrides(overrides, { displayedAttributes: ['b', 'a', 'b'], faceting: { maxValuesPerFacet: 7 } });
    expect(overrides).toEqual({ displayedAttributes: ['b', 'a'], maxValuesPerFacet: 7 });
    overrides = applyOverrides(overrides, { faceting: { sortFacetValuesBy: null } });
    expect(overrides.maxValuesPerFacet).toBe(7);
    overrides = applyOverrides(overrides, { displayedAttributes: null, faceting: null });
    expect(overrides).toEqual({ displayedAttributes: ['*'], maxValuesPerFacet: 100 });
  });

  test('reading back hides the own rules and keeps the order of keys', () => {
    const node = { ...defaultSettings(), filterableAttributes: [...ownRules, 'a'] };
    const logical = toLogical(node, { displayedAttributes: ['x'], maxValuesPerFacet: 5 });
    expect(Object.keys(logical)).toEqual(Object.keys(defaultSettings()));
    expect(logical).toMatchObject({ filterableAttributes: ['a'], displayedAttributes: ['x'] });
    expect((logical.faceting as { maxValuesPerFacet: number }).maxValuesPerFacet).toBe(5);
  });

  test('the hash does not depend on the order of keys, and on everything else', () => {
    const reversed = Object.fromEntries(Object.entries(defaultSettings()).reverse());
    expect(settingsHash(reversed)).toBe(settingsHash(defaultSettings()));
    for (const name of Object.keys(reversed)) {
      expect(settingsHash({ ...reversed, [name]: 'other' })).not.toBe(settingsHash(reversed));
    }
  });

  test('settings behind features have a value while they are left out', () => {
    expect(getSetting(defaultSettings(), 'vectorStore')).toBeNull();
    expect(getSetting(defaultSettings(), 'chat')).toMatchObject({ documentTemplateMaxBytes: 400 });
  });

  test('details show a reset of the two lists as a wildcard', () => {
    expect(logicalTaskDetails({ stopWords: null, displayedAttributes: null })).toEqual({
      displayedAttributes: ['*'],
      stopWords: null,
    });
    expect(Object.keys(logicalTaskDetails({}, { reset: true }))).toEqual(settingNames);
  });
});

describe('secrets', () => {
  test('a masked key is recognised, and shows less the shorter it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' }), (key) => {
        expect(isMasked(maskSecret(key))).toBe(true);
      }),
      { seed: 1 },
    );
    expect(['123456789', '1234567890', '12345678901234567890', '1'.repeat(30)].map(maskSecret)).toEqual([
      'XXX...',
      '12XXXX...',
      '123XXXXX...',
      '11111XXXXXX...',
    ]);
  });

  test('keys are put back where the mask fits, from the patch first', () => {
    const shown = { embedders: { e: { apiKey: 'neXXXX...' }, f: { apiKey: 'XXX...' }, g: { apiKey: 'zzXXXX...' } } };
    const known = {
      embedders: { e: { apiKey: 'old-secret-1' }, f: { apiKey: 'short' }, g: { apiKey: 'aa-secret-22' } },
    };
    const patch = { embedders: { e: { apiKey: 'new-secret-1' } } };
    const kept = keepSecrets(shown, known, patch);
    expect(kept.embedders).toEqual({
      e: { apiKey: 'new-secret-1' },
      f: { apiKey: 'short' },
      g: { apiKey: 'zzXXXX...' },
    });
    expect(maskSecrets(kept)).toEqual(shown);
  });
});

describe('names', () => {
  test('every setting has a parser, a kebab segment and a code of its own', () => {
    expect(new Set(settingTable.map(({ code }) => code)).size).toBe(settingNames.length);
    for (const { name, segment } of settingTable) {
      expect(segment.replaceAll(/-./g, (dash) => dash.slice(1).toUpperCase())).toBe(name);
      expect(parseSetting(name, null)).toEqual({ [name]: null });
    }
    expect(() => settingInfo('nope')).toThrow(RangeError);
  });
});

describe('what Miroir keeps for itself', () => {
  const refusal = (body: unknown) => {
    try {
      parseSettings(body);
      return null;
    } catch (error) {
      return error instanceof ApiError ? error.code : error;
    }
  };

  test.each([
    [{ filterableAttributes: [shardField] }],
    [{ filterableAttributes: [{ attributePatterns: ['a', '_miroir_*'] }] }],
    [{ sortableAttributes: ['_miroir_version'] }],
    [{ searchableAttributes: ['_miroir_x'] }],
    [{ displayedAttributes: ['_miroir_x'] }],
    [{ rankingRules: ['_miroir_version:asc'] }],
    [{ distinctAttribute: shardField }],
    [{ typoTolerance: { disableOnAttributes: ['_miroir_x'] } }],
    [{ faceting: { sortFacetValuesBy: { [shardField]: 'count' } } }],
    [{ localizedAttributes: [{ attributePatterns: ['_miroir_x'], locales: ['fra'] }] }],
  ])('%j', (body) => {
    expect(refusal(body)).toBe('miroir_reserved_field');
  });

  test('marker characters stay separators', () => {
    for (const character of reservedSeparators) {
      expect(refusal({ nonSeparatorTokens: ['a', character] })).toBe('invalid_settings_non_separator_tokens');
      expect(refusal({ dictionary: [character + character] })).toBe('invalid_settings_dictionary');
      expect(refusal({ dictionary: [`${character}a`], separatorTokens: [character] })).toBeNull();
    }
  });

  test('other names pass', () => {
    expect(refusal({ filterableAttributes: ['miroir', '_shard', 'a._miroir_'], sortableAttributes: ['*'] })).toBeNull();
  });
});
