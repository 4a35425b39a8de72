import { shardField, versionField } from '../../documents/markers.ts';
import { type ByteText, byteMembers, bytesOf, cut } from '../../json/byte-text.ts';
import { ByteWindow } from '../../json/byte-window.ts';
import { type FoundMembers, findMembers, type Member, type Place, skipSpace, withoutMembers } from '../../json/scan.ts';
import type { NodeSearchAnswer } from './answer.ts';
import { detailsName, formattedName, type HitView, type NodeHit, readHit, showsWhole } from './hit.ts';
import type { Source } from './kway.ts';
import { compareRankings, type Ranking } from './order.ts';
import { rankingOf } from './rankings.ts';

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
}

const written = (name: string) => bytesOf(JSON.stringify(name));
const markerNames = [shardField, versionField].map(written);
const ownNames = [written(detailsName), ...markerNames];

const formattedText = written(formattedName);

/** The members that are looked for: what `PlacedHit` knows by their positions. */
function namesOf({ primaryKey, view }: HitReading): readonly string[] {
  if (primaryKey === null) return ownNames;
  return [...ownNames, written(primaryKey), ...(view.formatted ? [formattedText] : [])];
}

/** The details of one hit or of several that rank alike, read once. */
class Details {
  readonly text: ByteText;
  #ranking: Ranking | null = null;

  constructor(text: ByteText) {
    this.text = text;
  }

  get ranking(): Ranking {
    this.#ranking ??= rankingOf(this.text);
    return this.#ranking;
  }
}

const noDetails = new Details('' as ByteText);

/** Few places in the order in which they stand. */
function inOrder(places: readonly (Place | null | undefined)[]): Place[] {
  const sorted: Place[] = [];
  for (const place of places) {
    if (place == null) continue;
    let at = sorted.length;
    for (; at > 0 && (sorted[at - 1] as Place).keyStart > place.keyStart; at--) sorted[at] = sorted[at - 1] as Place;
    sorted[at] = place;
  }
  return sorted;
}

/** A hit of which only those parts have been looked for that decide about its place: most are never taken apart. */
class PlacedHit implements RankedHit, NodeHit {
  readonly text: ByteText;
  readonly #start: number;
  readonly #end: number;
  readonly #places: readonly (Place | null)[];
  readonly #view: HitView;
  readonly #details: Details;
  #parts: NodeHit | null = null;
  #version: ByteText | null = null;

  constructor(text: ByteText, start: number, found: FoundMembers, details: Details, view: HitView) {
    this.text = text;
    this.#start = start;
    this.#end = found.end;
    this.#places = found.places;
    this.#details = details;
    this.#view = view;
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

  get ranking(): Ranking {
    return this.#hasDetails() ? this.#details.ranking : [];
  }

  get version(): string {
    this.#version ??= this.#raw(2);
    return this.#version;
  }

  get id(): string {
    return this.#raw(3);
  }

  whole(view: HitView): ByteText | undefined {
    // the node was asked for more than the document, whoever is shown it
    if (!showsWhole(this.#view) || !showsWhole(view) || view.formatted !== this.#view.formatted) return undefined;
    return view.formatted ? this.#withFormatted() : this.#without(this.#hasDetails() ? this.#places[0] : null);
  }

  /** The hit without Miroir's fields and without what else is named. */
  #without(...others: readonly (Place | null | undefined)[]): ByteText {
    const [, shard, version] = this.#places;
    return withoutMembers(this.text, this.#start, this.#end, inOrder([shard, version, ...others])) as ByteText;
  }

  /** The document and, behind it, what highlighting and cropping made of it; undefined when that is not where a search adds it. */
  #withFormatted(): ByteText | undefined {
    const [details, , , , formatted] = this.#places;
    if (details == null || formatted == null) return undefined;
    if (!this.#hasDetails() || formatted.valueEnd + 1 !== details.keyStart) return undefined;
    const { valueStart, valueEnd } = formatted;
    const own = inOrder(findMembers(this.text, valueStart, markerNames).places);
    const shown = `${formattedText}:${withoutMembers(this.text, valueStart, valueEnd, own)}}`;
    const document = this.#without(formatted, details);
    return (document === '{}' ? `{${shown}` : `${document.slice(0, -1)},${shown}`) as ByteText;
  }

  #takeApart(): NodeHit {
    this.#parts ??= readHit(this.text, byteMembers(this.text, this.#start), this.#view);
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

/** The details that stand there, which may be the same as the `last` ones. */
function detailsAt(text: ByteText, place: Place | null | undefined, last: Details): Details {
  if (place == null) return noDetails;
  const details = cut(text, place.valueStart, place.valueEnd);
  return details === last.text ? last : new Details(details);
}

/**
 * Reads a node's hits one after the other, so that what is never looked at is never taken apart. It counts as cut when the node
 * gave all the hits that it was asked for and these are fewer than `reach`.
 */
export function hitSource(answer: NodeSearchAnswer, reading: HitReading, reach = 0): Source<RankedHit> {
  const window = new ByteWindow(answer.bytes);
  const names = namesOf(reading);
  // those of the next hit are the same more often than not
  let details = noDetails;
  let at = hitsFirst.length;
  let count = 0;

  function take(): RankedHit | null {
    const { text } = window;
    let start = skipSpace(text, at);
    if (text.charAt(start) === ',') start = skipSpace(text, start + 1);
    if (text.charAt(start) === ']') return null;
    const found = findMembers(text, start, names, details.text);
    count++;
    at = found.end;
    details = detailsAt(text, found.places[0], details);
    return new PlacedHit(text, start, found, details, reading.view);
  }

  return {
    isCut: () => answer.reach < reach && count >= answer.reach,
    next() {
      for (;;) {
        try {
          return take();
        } catch (error) {
          // the hit ends behind what is shown
          if (!(error instanceof SyntaxError) || !window.moveOn(at)) throw error;
          at = 0;
        }
      }
    },
  };
}

const compareTexts = (a: string, b: string) => (a < b ? -1 : Number(a !== b));

/** Best first; equally good hits in the order in which they were written. */
export function compareHits(a: RankedHit, b: RankedHit): number {
  return compareRankings(a.ranking, b.ranking) || compareTexts(a.version, b.version) || compareTexts(a.id, b.id);
}
