import type { KeyRecord } from '../store/records.ts';
import type { KeyLookup } from './authorise.ts';
import { deriveKey, sameSecret, secretDigest } from './derive.ts';

interface Entry {
  record: KeyRecord;
  /** Null while there is no master key to derive it from. */
  value: string | null;
}

/** All keys in memory with their values, so that authorising a request neither reads the store nor derives every key. */
export class KeyDirectory implements KeyLookup {
  readonly #masterKey: string | null;
  readonly #byUid = new Map<string, Entry>();
  readonly #byDigest = new Map<string, Entry>();

  /** `records` from oldest to newest. */
  constructor(masterKey: string | null, records: readonly KeyRecord[]) {
    this.#masterKey = masterKey;
    for (const record of records) this.put(record);
  }

  /** Add a key as the newest, or replace the one with its uid where it stands. */
  put(record: KeyRecord): void {
    const value = this.#masterKey === null ? null : deriveKey(this.#masterKey, record.uid);
    const entry = { record, value };
    this.#byUid.set(record.uid, entry);
    if (value !== null) this.#byDigest.set(secretDigest(value), entry);
  }

  remove(uid: string): void {
    const entry = this.#byUid.get(uid);
    this.#byUid.delete(uid);
    if (entry !== undefined && entry.value !== null) this.#byDigest.delete(secretDigest(entry.value));
  }

  byUid(uid: string): KeyRecord | null {
    return this.#byUid.get(uid)?.record ?? null;
  }

  byValue(value: string): KeyRecord | null {
    const entry = this.#byDigest.get(secretDigest(value));
    if (entry === undefined || entry.value === null || !sameSecret(entry.value, value)) return null;
    return entry.record;
  }

  /** A key's value; empty while there is no master key. */
  valueOf(uid: string): string {
    return this.#byUid.get(uid)?.value ?? '';
  }

  newestFirst(): KeyRecord[] {
    return [...this.#byUid.values()].map((entry) => entry.record).reverse();
  }
}
