import { reservedPrefix, versionField } from '../../documents/markers.ts';
import { type ByteText, byteMembers, cut, textOf } from '../../json/byte-text.ts';
import type { Member } from '../../json/scan.ts';
import type { Visibility } from '../attributes.ts';
import { shownMembers, touches } from './fields.ts';
import type { Ranking } from './order.ts';
import { rankingOf } from './rankings.ts';

/** What a client asked to see of a hit, and what was fetched besides. */
export interface HitView {
  visible: Visibility;
  /** Paths of fields fetched for merging although the client may not have asked for them. */
  extras: readonly string[];
  /** Whether the client asked for `_formatted` (by highlighting or cropping), and so on. */
  formatted: boolean;
  matchesPosition: boolean;
  rankingScore: boolean;
  /** Nodes were asked for `_rankingScore` although the client was not. */
  fetchedScore?: boolean;
  rankingScoreDetails: boolean;
}

/** A hit as a node wrote it: where its parts stand in the answer. */
export interface NodeHit {
  text: ByteText;
  /** Fields of the document, Miroir's own included. */
  fields: readonly Member[];
  /** Members that the search added (`_formatted` and so on) by name. */
  added: ReadonlyMap<string, Member>;
  /** The hit as a view that shows everything shows it, where that is known without looking at each field. */
  whole?(view: HitView): ByteText | undefined;
}

/** The member that a search adds last. */
export const detailsName = '_rankingScoreDetails';
/** The member that highlighting and cropping add. */
export const formattedName = '_formatted';

/** Sort a hit's members. The search's own stand last, in a fixed order; the same names before them are the document's. */
export function readHit(text: ByteText, fields: Member[], view: HitView): NodeHit {
  const added = new Map<string, Member>();
  const take = (name: string, expected: boolean) => {
    const last = fields.at(-1);
    if (!expected || last?.key !== name) return;
    added.set(name, last);
    fields.pop();
  };
  take(detailsName, true);
  take('_rankingScore', view.rankingScore || view.fetchedScore === true);
  take('_matchesPosition', view.matchesPosition);
  take(formattedName, view.formatted);
  return { text, fields, added };
}

const rawValue = (hit: NodeHit, member: Member) => cut(hit.text, member.valueStart, member.valueEnd);

/** The hit's place in the order of hits. */
export function hitRanking(hit: NodeHit): Ranking {
  const details = hit.added.get(detailsName);
  return details === undefined ? [] : rankingOf(rawValue(hit, details));
}

/** The hit's `_rankingScore`, when it was asked for. */
export function hitScore(hit: NodeHit): number | null {
  const score = hit.added.get('_rankingScore');
  return score === undefined ? null : Number(rawValue(hit, score));
}

/** Raw bytes of a top-level field, empty when it is absent. */
export function rawField(hit: NodeHit, name: string): string {
  const member = hit.fields.find((field) => field.key === name);
  return member === undefined ? '' : rawValue(hit, member);
}

/** Raw bytes of the write version, which compare like versions. */
export function hitVersion(hit: NodeHit): string {
  return rawField(hit, versionField);
}

function shownFormatted(text: ByteText, member: Member, view: HitView): string {
  const inside = shownMembers(text, byteMembers(text, member.valueStart), view.visible.formatted, view.extras, {
    read: textOf,
  });
  return `"_formatted":{${inside.join(',')}}`;
}

function shownMatches(text: ByteText, member: Member, displayed: readonly string[] | null): string {
  const inside = byteMembers(text, member.valueStart)
    .filter(({ key }) => !key.startsWith(reservedPrefix))
    .filter(({ key }) => displayed === null || displayed.some((name) => touches(key, name)))
    .map(({ keyStart, valueEnd }) => text.slice(keyStart, valueEnd));
  return `"_matchesPosition":{${inside.join(',')}}`;
}

const sortRule = /^(.*):(asc|desc)$/s;

/** Whether Meilisearch would hide the values of this rule: it sorts by a field that is not displayed. */
function isHiddenRule(rule: string, displayed: readonly string[]): boolean {
  const field = sortRule.exec(rule)?.[1];
  return field !== undefined && !field.startsWith('_geoPoint(') && !displayed.includes(field);
}

function shownDetails(text: ByteText, member: Member, displayed: readonly string[] | null): string {
  if (displayed === null) return text.slice(member.keyStart, member.valueEnd);
  const rules = byteMembers(text, member.valueStart).map((rule) => {
    if (!isHiddenRule(rule.key, displayed)) return text.slice(rule.keyStart, rule.valueEnd);
    const { order } = JSON.parse(text.slice(rule.valueStart, rule.valueEnd)) as { order: number };
    return `"<hidden-rule-${order}>":{"order":${order},"value":"<hidden>"}`;
  });
  return `"_rankingScoreDetails":{${rules.join(',')}}`;
}

/** Whether a client sees the whole document, all of it formatted if it is at all, and nothing else. */
export function showsWhole({ visible, formatted, matchesPosition, ...view }: HitView): boolean {
  if (visible.retrieve !== null || (formatted && visible.formatted !== null) || matchesPosition) return false;
  return !view.rankingScore && view.fetchedScore !== true && !view.rankingScoreDetails;
}

/** Whether a client sees the whole document and nothing else. */
export const isPlain = (view: HitView): boolean => !view.formatted && showsWhole(view);

/**
 * The hit as the client sees it. What is shown of the document is copied as the node wrote it; `federation` is the member
 * that takes the place of the node's own `_federation`.
 */
export function renderHit(hit: NodeHit, view: HitView, federation: ByteText | null = null): ByteText {
  const whole = federation === null ? hit.whole?.(view) : undefined;
  if (whole !== undefined) return whole;
  const { text, fields, added } = hit;
  const instead = federation === null ? {} : { instead: { key: '_federation', piece: federation } };
  const parts = shownMembers(text, fields, view.visible.retrieve, view.extras, { read: textOf, ...instead });
  const formatted = added.get(formattedName);
  if (formatted !== undefined) parts.push(shownFormatted(text, formatted, view));
  const matches = added.get('_matchesPosition');
  if (matches !== undefined) parts.push(shownMatches(text, matches, view.visible.displayed));
  const score = added.get('_rankingScore');
  if (score !== undefined && view.rankingScore) parts.push(text.slice(score.keyStart, score.valueEnd));
  const details = added.get(detailsName);
  if (details !== undefined && view.rankingScoreDetails)
    parts.push(shownDetails(text, details, view.visible.displayed));
  return `{${parts.join(',')}}` as ByteText;
}
