import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/indexes/settings/defaults.ts';
import {
  applyOverrides,
  getSetting,
  logicalTaskDetails,
  overridesOf,
  settingsHash,
  toLogical,
} from '../../src/indexes/settings/logical.ts';
import { settingNames, settingTable } from '../../src/indexes/settings/names.ts';
import { parseSetting, parseSettings } from '../../src/indexes/settings/parse.ts';
import {
  beforeRestore,
  initialPhysicalSettings,
  physicalReset,
  toPhysicalPatch,
  toPhysicalRestore,
} from '../../src/indexes/settings/physical.ts';
import { keepSecrets } from '../../src/indexes/settings/secrets.ts';
import { settingsBody, settingValues } from './settings-bodies.ts';
import { type SettingsNode, startSettingsNode } from './settings-node.ts';

type Json = Record<string, unknown>;

let node: SettingsNode;

beforeAll(async () => {
  node = await startSettingsNode();
  for (const uid of ['plain', 'physical']) await node.run('POST', '/indexes', { uid, primaryKey: 'id' });
});
afterAll(() => node.stop());

const settingsOf = async (uid: string) => (await node.send('GET', `/indexes/${uid}/settings`)).json as Json;

/** Both indexes with the client's defaults. */
async function reset(): Promise<void> {
  await node.run('DELETE', '/indexes/plain/settings');
  await node.run('PATCH', '/indexes/physical/settings', physicalReset());
}

describe('settings of a node with Miroir rules', () => {
  test('a new index looks untouched', async () => {
    await node.run('POST', '/indexes', { uid: 'fresh', primaryKey: 'id' });
    await node.run('PATCH', '/indexes/fresh/settings', initialPhysicalSettings());
    const logical = toLogical(await settingsOf('fresh'), overridesOf(defaultSettings()));
    expect(JSON.stringify(logical)).toBe(JSON.stringify(defaultSettings()));
    await reset();
    expect(JSON.stringify(await settingsOf('plain'))).toBe(JSON.stringify(defaultSettings()));
  });

  test('random changes read back as on one server, key for key, with equal task details', {
    timeout: 240_000,
  }, async () => {
    await reset();
    let overrides = overridesOf(defaultSettings());
    let stored: Json = defaultSettings();
    await fc.assert(
      fc.asyncProperty(settingsBody, async (body) => {
        const text = JSON.stringify(body);
        const accepted = await node.send('PATCH', '/indexes/plain/settings', text);
        expect([accepted.status, accepted.text]).toEqual([202, expect.anything()]);
        const patch = parseSettings(body, text);
        const sent = toPhysicalPatch(patch, stored.embedders);
        const physical = await node.run('PATCH', '/indexes/physical/settings', sent);
        const plain = (await node.send('GET', `/tasks/${accepted.json.taskUid}`)).json;
        expect(JSON.stringify(logicalTaskDetails(patch))).toBe(JSON.stringify(plain.details));
        expect(physical.status).toBe(plain.status);
        if (plain.status !== 'succeeded') return;
        overrides = applyOverrides(overrides, patch);
        const expected = await settingsOf('plain');
        const logical = toLogical(await settingsOf('physical'), overrides);
        expect(JSON.stringify(logical)).toBe(JSON.stringify(expected));
        expect(settingsHash(logical)).toBe(settingsHash(expected));
        stored = keepSecrets(logical, stored, patch);
      }),
      { seed: 7, numRuns: 150, endOnFailure: true },
    );
    expect(JSON.stringify(stored)).not.toContain('XXX');
  });

  test('each route: same details for PUT, PATCH and DELETE, same answer to GET', { timeout: 120_000 }, async () => {
    await reset();
    let overrides = overridesOf(defaultSettings());
    const change = async (name: string, path: string, method: 'PUT' | 'PATCH' | 'DELETE', value: unknown) => {
      const text = method === 'DELETE' ? undefined : JSON.stringify(value);
      const patch = text === undefined ? { [name]: null } : parseSetting(name, JSON.parse(text), text);
      const plain = await node.run(method, `/indexes/plain/settings/${path}`, text);
      expect(JSON.stringify(logicalTaskDetails(patch))).toBe(JSON.stringify(plain.details));
      await node.run('PATCH', '/indexes/physical/settings', toPhysicalPatch(patch));
      overrides = applyOverrides(overrides, patch);
      const logical = toLogical(await settingsOf('physical'), overrides);
      const expected = (await node.send('GET', `/indexes/plain/settings/${path}`)).text;
      expect(JSON.stringify(getSetting(logical, name))).toBe(expected);
    };
    for (const { name, segment, method } of settingTable) {
      const values =
        settingValues[name] === undefined ? [null] : fc.sample(settingValues[name], { seed: 3, numRuns: 4 });
      for (const value of values) await change(name, segment, method, value);
      await change(name, segment, 'DELETE', null);
    }
  });

  test('a full reset shows every setting in its details', async () => {
    const task = await node.run('DELETE', '/indexes/plain/settings');
    const patch = Object.fromEntries(settingNames.map((name) => [name, null]));
    expect(JSON.stringify(logicalTaskDetails(patch, { reset: true }))).toBe(JSON.stringify(task.details));
  });

  test('restoring undoes whatever a later change did', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(settingsBody, settingsBody, async (first, second) => {
        await reset();
        const patch = parseSettings(JSON.parse(JSON.stringify(first)));
        const done = await node.run('PATCH', '/indexes/physical/settings', toPhysicalPatch(patch));
        if (done.status !== 'succeeded') return;
        const overrides = applyOverrides(overridesOf(defaultSettings()), patch);
        const shown = toLogical(await settingsOf('physical'), overrides);
        const committed = keepSecrets(shown, defaultSettings(), patch);
        await node.run('PATCH', '/indexes/physical/settings', toPhysicalPatch(parseSettings(second)));
        const present = (await settingsOf('physical')).embedders as Json;
        const before = beforeRestore(committed, present);
        if (before !== null) await node.run('PATCH', '/indexes/physical/settings', before);
        const body = toPhysicalRestore(committed, Object.keys(present));
        const restored = await node.run('PATCH', '/indexes/physical/settings', body);
        expect(restored.error).toBeNull();
        expect(JSON.stringify(toLogical(await settingsOf('physical'), overrides))).toBe(JSON.stringify(shown));
      }),
      { seed: 11, numRuns: 60, endOnFailure: true },
    );
  });
});
