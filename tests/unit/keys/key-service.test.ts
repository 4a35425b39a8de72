import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyService } from '../../../src/http/services.ts';
import { deriveKey } from '../../../src/keys/derive.ts';
import { createKeyService } from '../../../src/keys/key-service.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import type { Store } from '../../../src/store/store.ts';

const masterKey = 'a-master-key-of-some-length';
const uid = '00000000-0000-4000-8000-000000000001';
const fields = { uid, name: null, description: null, actions: ['search'], indexes: ['a*'], expiresAt: null };

describe('key service', () => {
  let store: Store;
  let service: KeyService;
  let clock: number;
  const now = () => clock;
  const start = () => createKeyService({ store, masterKey, now });
  const listed = async () => JSON.parse(await service.list(0, 100)).results as { uid: string; createdAt: string }[];

  beforeEach(async () => {
    clock = Date.parse('2024-05-01T10:00:00Z');
    store = await openSqliteStore({ path: ':memory:', synchronous: 'normal' });
    service = await start();
  });
  afterEach(() => store.close());

  test('derives values as Meilisearch does, and stores none', async () => {
    const value = createHmac('sha256', masterKey).update(uid).digest('hex');
    expect(JSON.parse(await service.create(fields)).key).toBe(value);
    expect(JSON.stringify(await store.keys())).not.toContain(value);
  });

  test('the default keys are made once, and again only when no key is left', async () => {
    const first = await listed();
    service = await start();
    expect(await listed()).toEqual(first);
    await service.delete(first[0]?.uid ?? '');
    service = await start();
    expect(await listed()).toEqual(first.slice(1));
    for (const key of first.slice(1)) await service.delete(key.uid);
    service = await start();
    expect(await listed()).toHaveLength(first.length);
  });

  test('a key survives a restart with its value, place and rights', async () => {
    await service.create(fields);
    const before = await listed();
    service = await start();
    expect(await listed()).toEqual(before);
    const caller = await service.authorise(`Bearer ${deriveKey(masterKey, uid)}`, 'search', 'abc');
    expect(caller.indexPatterns).toEqual(['a*']);
    expect([caller.may('search'), caller.may('indexes.create')]).toEqual([true, false]);
    expect([caller.allowsIndex('a'), caller.allowsIndex('b')]).toEqual([true, false]);
  });

  test('of two creations of one uid at the same moment the second is refused', async () => {
    const both = await Promise.allSettled([service.create(fields), service.create({ ...fields, name: 'second' })]);
    expect(both.map((one) => one.status)).toEqual(['fulfilled', 'rejected']);
    expect(JSON.parse(await service.get(uid)).name).toBeNull();
  });

  test('keys made within one millisecond keep their order, and dates move on when a key changes', async () => {
    for (let i = 1; i <= 5; i++) await service.create({ ...fields, uid: uid.replace(/1$/, String(i)) });
    expect((await listed()).slice(0, 5).map((key) => key.uid.at(-1))).toEqual(['5', '4', '3', '2', '1']);
    clock += 1_500;
    const changed = JSON.parse(await service.update(uid, { name: 'n' }));
    expect(changed.updatedAt).toBe('2024-05-01T10:00:01.5Z');
    expect((await listed()).at(4)).toEqual(changed);
  });

  test('a key is good until the very moment it expires', async () => {
    await service.create({ ...fields, expiresAt: '2024-05-01T12:00:01+02:00' });
    const use = () => service.authorise(`Bearer ${deriveKey(masterKey, uid)}`, 'search', 'a');
    clock += 999;
    await use();
    clock += 1;
    await expect(use()).rejects.toMatchObject({ code: 'invalid_api_key', status: 403 });
  });

  test('a deleted key is refused at once, and a failed deletion leaves it good', async () => {
    await service.create(fields);
    const use = () => service.authorise(`Bearer ${deriveKey(masterKey, uid)}`, 'search', 'a');
    const commit = store.commit;
    store.commit = () => Promise.reject(new Error('disk'));
    await expect(service.delete(uid)).rejects.toThrow('disk');
    await use();
    store.commit = commit;
    await service.delete(uid);
    await expect(use()).rejects.toMatchObject({ code: 'invalid_api_key' });
  });

  test('another master key gives the same keys other values', async () => {
    await service.create(fields);
    const other = await createKeyService({ store, masterKey: 'another-master-key', now });
    expect(JSON.parse(await other.get(uid)).key).toBe(deriveKey('another-master-key', uid));
    await expect(other.authorise(`Bearer ${deriveKey(masterKey, uid)}`, 'search', 'a')).rejects.toMatchObject({
      code: 'invalid_api_key',
    });
  });
});
