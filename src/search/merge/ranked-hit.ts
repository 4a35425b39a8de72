import { shardField, versionField } from '../../documents/markers.ts';
import { type ByteText, byteMembers, bytesOf, cut, textOf } from '../../json/byte-text.ts';
import { findMembers, type Member, type Place, skipSpace, withoutMembers } from '../../json/scan.ts';
import type { NodeSearchAnswer } from './answer.ts';
import { detailsName, type HitView, isPlain, type NodeHit, readHit } from './hit.ts';
import type { Source } from './kway.ts';
import { compareRankings, parseRanking, type Ranking } from './order.ts';

/** A hit with what decides about its place. */
export interface RankedHit {
  readonly hit: NodeHit;
  readonly ranking: Ranking;
  /** Raw bytes of its version marker, which compare like versions. */
  readonly version: string;
  /** Raw bytes of its primary key. */
  readonly id: string;
}

/** How every answer begins. */
export const hitsFirst = '{"hits":[';

/** How hits are read. */
export interface HitReading {
  view: HitView;
  primaryKey: string | null;
  /** Reads `_rankingScoreDetails`. */
  rankingOf(details: string): Ranking;
}

/** `parseRanking` that knows what it has read: many hits rank alike, on one node and on several. */
export function rememberedRankings(): HitReading['rankingOf'] {
  const known = new Map<string, Ranking>();
  let last = { details: '', ranking: [] as Ranking };
  return (details) => {
    if (details === last.details) return last.ranking;
    const ranking = known.get(details) ?? parseRanking(details);
    known.set(details, ranking);
    last = { details, ranking };
    return ranking;
  };
}

const namesOf = (primaryKey: string | null): string[] =>
  [detailsName, shardField, versionField, ...(primaryKey === null ? [] : [primaryKey])].map((name) =>
    bytesOf(JSON.stringify(name)),
  );

/** A hit of which only those parts have been looked for that decide about its place: most are never taken apart. */
class PlacedHit implements RankedHit, NodeHit {
  readonly text: ByteText;
  readonly #start: number;
  readonly #end: number;
  readonly #places: readonly (Place | null)[];
  readonly #reading: HitReading;
  #parts: NodeHit | null = null;
  #ranking: Ranking | null = null;

  constructor(text: ByteText, start: number, found: ReturnType<typeof findMembers>, reading: HitReading) {
    this.text = text;
    this.#start = start;
    this.#end = found.end;
    this.#places = found.places;
    this.#reading = reading;
  }

  get hit(): NodeHit {
    return this;
  }

  get fields(): readonly Member[] {
    return this.#takeApart().fields;
  }

  get added(): ReadonlyMap<string, Member> {
    return this.#takeApart().added;
  }

  get document(): ByteText | undefined {
    // the node was asked for more than the document, whoever is shown it
    if (!isPlain(this.#reading.view)) return undefined;
    const [details, shard, version] = this.#places;
    const own = [shard, version, this.#hasDetails() ? details : null].filter((place) => place != null);
    own.sort((a, b) => a.keyStart - b.keyStart);
    return withoutMembers(this.text, this.#start, this.#end, own) as ByteText;
  }

  get ranking(): Ranking {
    this.#ranking ??= this.#hasDetails() ? this.#reading.rankingOf(textOf(this.#raw(0))) : [];
    return this.#ranking;
  }

  get version(): string {
    return this.#raw(2);
  }

  get id(): string {
    return this.#raw(3);
  }

  #takeApart(): NodeHit {
    this.#parts ??= readHit(this.text, byteMembers(this.text, this.#start), this.#reading.view);
    return this.#parts;
  }

  /** What the search adds stands last; elsewhere it is a field of the document. */
  #hasDetails(): boolean {
    return this.#places[0]?.valueEnd === this.#end - 1;
  }

  #raw(which: number): ByteText {
    const { valueStart, valueEnd } = this.#places[which] ?? { valueStart: 0, valueEnd: 0 };
    return cut(this.text, valueStart, valueEnd);
  }
}

/**
 * Reads a node's hits one after the other, so that what is never looked at is never taken apart. It counts as cut when the node
 * gave all the hits that it was asked for and these are fewer than `reach`.
 */
export function hitSource(answer: NodeSearchAnswer, reading: HitReading, reach = 0): Source<RankedHit> {
  const { text } = answer;
  const names = namesOf(reading.primaryKey);
  let at = hitsFirst.length;
  let count = 0;
  return {
    isCut: () => answer.reach < reach && count >= answer.reach,
    next() {
      if (text.charAt(at) === ']') return null;
      count++;
      const start = at;
      const found = findMembers(text, start, names);
      at = skipSpace(text, found.end);
      if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
      return new PlacedHit(text, start, found, reading);
    },
  };
}

const compareTexts = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** Best first; equally good hits in the order in which they were written. */
export function compareHits(a: RankedHit, b: RankedHit): number {
  return compareRankings(a.ranking, b.ranking) || compareTexts(a.version, b.version) || compareTexts(a.id, b.id);
}
