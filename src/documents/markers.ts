/**
 * The two fields that Miroir appends to every stored document. Both are written in characters that Meilisearch treats as
 * separators and nothing else, so they give no search token, and in characters that normalisation (NFKD, lower case, trim)
 * leaves alone. All of them are single Latin-1 units, which hardly any client wants as a `nonSeparatorTokens` entry.
 */

/** Field that says which shard a document belongs to; the nodes filter by it. */
export const shardField = '_miroir_shard';
/** Field that says when a document was written; decides which copy is newer and orders ties. */
export const versionField = '_miroir_version';
/** Clients may not send top-level fields that begin with this. */
export const reservedPrefix = '_miroir_';

/** Largest number of shards of an index that the shard marker can tell apart. */
export const maxShards = 4096;

const shardBits = 12;
const [zero, one] = ['§', '¶'];

/** Digits of the version in ascending code points, so that texts compare as the numbers do. */
const versionDigits = '¡§«¶»¿×÷';
const digitBits = 3n;
/** Digits of a version; an edit by function appends its own behind that of the document. */
export const versionWidth = 19;
const lowWidth = 4;
const lowBits = BigInt(lowWidth) * digitBits;

/**
 * Characters that must stay separators on the nodes: clients may not list them in `nonSeparatorTokens`, nor
 * `dictionary` words made of them alone.
 */
export const reservedSeparators: readonly string[] = [...versionDigits];

const shardMarkers: string[] = [];

/** The text of a shard number, 0 to 4095: twelve characters, highest bit first. */
export function shardMarker(shard: number): string {
  const known = shardMarkers[shard];
  if (known !== undefined) return known;
  if (!Number.isInteger(shard) || shard < 0 || shard >= maxShards) throw new RangeError(`no shard number: ${shard}`);
  let text = '';
  for (let bit = shardBits - 1; bit >= 0; bit--) text += (shard >> bit) & 1 ? one : zero;
  shardMarkers[shard] = text;
  return text;
}

/** The shard number that a marker text stands for, or null when it is none. */
export function parseShard(text: string): number | null {
  if (text.length !== shardBits) return null;
  let shard = 0;
  for (const c of text) {
    if (c !== zero && c !== one) return null;
    shard = shard * 2 + (c === one ? 1 : 0);
  }
  return shard;
}

function toDigits(value: bigint, width: number): string {
  let text = '';
  for (let place = BigInt(width - 1); place >= 0n; place--) {
    text += versionDigits.charAt(Number((value >> (place * digitBits)) & 7n));
  }
  return text;
}

const lowDigits: string[] = [];
let highValue = -1n;
let highDigits = '';

/** The text of a clock value: nineteen characters. */
export function versionMarker(version: bigint): string {
  if (version < 0n || version >= 1n << (BigInt(versionWidth) * digitBits)) throw new RangeError('no clock value');
  const high = version >> lowBits;
  if (high !== highValue) {
    highDigits = toDigits(high, versionWidth - lowWidth);
    highValue = high;
  }
  const low = Number(version & ((1n << lowBits) - 1n));
  lowDigits[low] ??= toDigits(BigInt(low), lowWidth);
  return highDigits + lowDigits[low];
}

/** The clock value that a marker text stands for, without that of an edit since then, or null when it is none. */
export function parseVersion(text: string): bigint | null {
  if (text.length !== versionWidth && text.length !== 2 * versionWidth) return null;
  let version = 0n;
  for (const [place, c] of [...text].entries()) {
    const digit = versionDigits.indexOf(c);
    if (digit === -1) return null;
    if (place < versionWidth) version = (version << digitBits) | BigInt(digit);
  }
  return version;
}

/** Whether an object's text, ending in its brace, has no member. */
function isEmptyObject(raw: string): boolean {
  let i = raw.length - 2;
  while (raw.charCodeAt(i) <= 0x20) i--;
  return i === 0;
}

/** The text of a document (from its first to its last brace) with both markers as its last members; the rest is untouched. */
export function stamp(rawDocument: string, shard: number, version: bigint): string {
  const comma = isEmptyObject(rawDocument) ? '' : ',';
  return `${rawDocument.slice(0, -1)}${comma}"${shardField}":"${shardMarker(shard)}","${versionField}":"${versionMarker(version)}"}`;
}

/** Bytes that the markers take, without the comma before them: all their characters take two bytes, quotes and names one. */
const markerBytes = Buffer.byteLength(stamp('{}', 0, 0n)) - 2;

/** Bytes of a document once it is stamped. */
export function stampedBytes(rawDocument: string): number {
  return Buffer.byteLength(rawDocument) + markerBytes + (isEmptyObject(rawDocument) ? 0 : 1);
}

/** A Meilisearch filter that passes exactly the documents of these shards (none of them when the list is empty). */
export function shardFilter(shards: readonly number[]): string {
  return `${shardField} IN [${shards.map((shard) => `"${shardMarker(shard)}"`).join(', ')}]`;
}

/** Gives out versions that always grow: milliseconds since the epoch times 4096, plus a counter that may run ahead. */
export interface VersionClock {
  /** Reserve `count` consecutive versions; returns the first. */
  next(count?: number): bigint;
  /** Never give out a version at or below this one, which someone else has used. */
  observe(version: bigint): void;
  /** The last version given out or observed. */
  last(): bigint;
}

/** The first version of a millisecond since the epoch. */
export function versionAt(ms: number): bigint {
  return BigInt(Math.trunc(ms)) << 12n;
}

/** A hybrid logical clock (Kulkarni et al. 2014) over `now` (ms since the epoch), resumed after `last`, the highest version seen before. */
export function createVersionClock(now: () => number, last = 0n): VersionClock {
  let latest = last;
  return {
    next(count = 1) {
      const physical = versionAt(now());
      const first = physical > latest ? physical : latest + 1n;
      latest = first + BigInt(Math.max(count, 1)) - 1n;
      return first;
    },
    observe(version) {
      if (version > latest) latest = version;
    },
    last: () => latest,
  };
}
