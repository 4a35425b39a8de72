import { randomUUID } from 'node:crypto';
import { ApiError } from '../errors/api-error.ts';
import type { KeyService } from '../http/services.ts';
import type { KeyRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { authorise } from './authorise.ts';
import type { Caller } from './caller.ts';
import { defaultKeys } from './default-keys.ts';
import { KeyDirectory } from './directory.ts';
import { createTimestamps } from './timestamps.ts';
import { readUuid } from './uuid.ts';

/** What the key service is built from. */
export interface KeyServiceOptions {
  store: Store;
  /** Key values are derived from it; null leaves the instance open and `/keys` closed. */
  masterKey: string | null;
  /** Milliseconds since the epoch. */
  now: () => number;
}

function freshKey(fields: Omit<KeyRecord, 'createdAt' | 'updatedAt'>, now: string): KeyRecord {
  return { ...fields, createdAt: now, updatedAt: now };
}

/** All keys, after making the default ones when there is none, as Meilisearch does at each start. */
async function loadKeys(store: Store, stamp: () => string): Promise<KeyRecord[]> {
  const stored = await store.keys();
  if (stored.length > 0) return stored;
  const records = defaultKeys.map((key) => freshKey({ ...key, uid: randomUUID(), expiresAt: null }, stamp()));
  await store.commit(records.map((record) => ({ kind: 'putKey', record })));
  return records;
}

/** The key service of the process that owns the store. */
export interface StoredKeys extends KeyService {
  /** Every key, oldest first. */
  records(): KeyRecord[];
}

class StoredKeyService implements StoredKeys {
  readonly #options: KeyServiceOptions;
  readonly #directory: KeyDirectory;
  readonly #stamp: () => string;
  /** The change under way: changes run one after another, so that two of one key cannot both see the state before. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: KeyServiceOptions, directory: KeyDirectory, stamp: () => string) {
    this.#options = options;
    this.#directory = directory;
    this.#stamp = stamp;
  }

  async authorise(authorization: string | undefined, action: string, indexUid: string | null): Promise<Caller> {
    const { masterKey, now } = this.#options;
    return authorise({ authorization, action, indexUid }, { keys: this.#directory, masterKey, now: now() });
  }

  records(): KeyRecord[] {
    return this.#directory.newestFirst().reverse();
  }

  async list(offset: number, limit: number): Promise<string> {
    const all = this.#directory.newestFirst();
    const results = all.slice(offset, offset + limit).map((record) => this.#present(record));
    return JSON.stringify({ results, offset, limit, total: all.length });
  }

  async get(uidOrKey: string): Promise<string> {
    return JSON.stringify(this.#present(this.#find(uidOrKey)));
  }

  create(key: Parameters<KeyService['create']>[0]): Promise<string> {
    return this.#change(async () => {
      const uid = key.uid ?? randomUUID();
      if (this.#directory.byUid(uid) !== null) {
        throw new ApiError('api_key_already_exists', `\`uid\` field value \`${uid}\` is already an existing API key.`);
      }
      return this.#save(freshKey({ ...key, uid }, this.#stamp()));
    });
  }

  restore(record: KeyRecord): Promise<boolean> {
    return this.#change(async () => {
      if (this.#directory.byUid(record.uid) !== null) return false;
      await this.#save(record);
      return true;
    });
  }

  update(uidOrKey: string, change: Parameters<KeyService['update']>[1]): Promise<string> {
    return this.#change(async () => {
      const { name, description, ...rest } = this.#find(uidOrKey);
      return this.#save({
        ...rest,
        name: change.name === undefined ? name : change.name,
        description: change.description === undefined ? description : change.description,
        updatedAt: this.#stamp(),
      });
    });
  }

  delete(uidOrKey: string): Promise<void> {
    return this.#change(async () => {
      const { uid } = this.#find(uidOrKey);
      await this.#options.store.commit([{ kind: 'deleteKey', uid }]);
      this.#directory.remove(uid);
    });
  }

  #find(uidOrKey: string): KeyRecord {
    const read = readUuid(uidOrKey);
    const found = read.ok ? this.#directory.byUid(read.uuid) : this.#directory.byValue(uidOrKey);
    if (found !== null) return found;
    throw new ApiError('api_key_not_found', `API key \`${read.ok ? read.uuid : uidOrKey}\` not found.`);
  }

  async #save(record: KeyRecord): Promise<string> {
    await this.#options.store.commit([{ kind: 'putKey', record }]);
    this.#directory.put(record);
    return JSON.stringify(this.#present(record));
  }

  /** The key as clients see it, fields in Meilisearch's order. */
  #present(record: KeyRecord) {
    const { uid, name, description, actions, indexes, expiresAt, createdAt, updatedAt } = record;
    return {
      name,
      description,
      key: this.#directory.valueOf(uid),
      uid,
      actions,
      indexes,
      expiresAt,
      createdAt,
      updatedAt,
    };
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}

/** Build the key service: loads all keys, or makes the default ones. */
export async function createKeyService(options: KeyServiceOptions): Promise<StoredKeys> {
  const stamp = createTimestamps(options.now);
  const directory = new KeyDirectory(options.masterKey, await loadKeys(options.store, stamp));
  return new StoredKeyService(options, directory, stamp);
}
