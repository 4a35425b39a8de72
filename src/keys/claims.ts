import { faultAt, faultBefore, type JsonSource } from '../json/fault.ts';
import { isInteger } from '../json/print.ts';
import { type Member, members, skipSpace } from '../json/scan.ts';
import { type FieldReader, faultAfterMember, orNull, readStruct, valueText, wrongType } from './struct.ts';
import { readUuid } from './uuid.ts';

/** What a tenant token allows: patterns with the filter that each adds to searches of the indexes it covers (null: none). */
export type SearchRules = ReadonlyMap<string, unknown>;

/** The claims of a tenant token. */
export interface Claims {
  searchRules: SearchRules;
  /** Last second (since the epoch) at which the token is good; null: for ever. A bigint, as it may be any 64-bit number. */
  exp: bigint | null;
  /** Uid of the API key that signed it. */
  apiKeyUid: string;
}

const i64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The filter of one rule: `null`, `{"filter": ...}`, or its only field without a name, `[...]`; undefined when it is none of these. */
function ruleFilter(rule: unknown): { filter: unknown } | undefined {
  if (rule === null) return { filter: null };
  if (Array.isArray(rule)) return rule.length === 1 ? { filter: rule[0] } : undefined;
  return isRecord(rule) ? { filter: rule.filter ?? null } : undefined;
}

function rulesOf(value: unknown): SearchRules | null {
  if (Array.isArray(value)) {
    return value.every((pattern) => typeof pattern === 'string') ? new Map(value.map((p) => [p, null])) : null;
  }
  if (!isRecord(value)) return null;
  const rules = new Map<string, unknown>();
  for (const [pattern, rule] of Object.entries(value)) {
    const read = ruleFilter(rule);
    if (read === undefined) return null;
    rules.set(pattern, read.filter);
  }
  return rules;
}

const searchRules: FieldReader<SearchRules> = (source, member) => {
  const rules = rulesOf(JSON.parse(valueText(source, member)));
  if (rules !== null) return rules;
  throw faultAfterMember(source, member, 'data did not match any variant of untagged enum SearchRules');
};

const expiry: FieldReader<bigint> = (source, member) => {
  const text = valueText(source, member);
  if (!/^[-\d]/.test(text) || !isInteger(text)) throw wrongType(source, member, 'i64');
  const seconds = BigInt(text);
  if (seconds >= i64.min && seconds <= i64.max) return seconds;
  throw faultAt(source, member.valueEnd, `invalid value: integer \`${seconds}\`, expected i64`, 'data');
};

const keyUid: FieldReader<string> = (source, member) => {
  const text = valueText(source, member);
  if (!text.startsWith('"')) throw wrongType(source, member, 'a UUID string');
  const read = readUuid(JSON.parse(text) as string);
  if (read.ok) return read.uuid;
  throw faultAt(source, member.valueEnd, `UUID parsing failed: ${read.reason}`, 'data');
};

/** Read the payload of a tenant token; throws `JsonFault`. */
export function readClaims(source: JsonSource): Claims {
  const claims = readStruct<Claims>(source, 'Claims', {
    searchRules: { read: searchRules, required: true },
    exp: { read: orNull(expiry), required: false },
    apiKeyUid: { read: keyUid, required: true },
  });
  return { exp: null, ...claims } as Claims;
}

/**
 * Where the JWT library stops reading a registered claim that is a list or an object: it takes `sub` for a text and leaves
 * such a value unread, enters that of `nbf` and leaves its content unread. Null when it gets past the claim.
 */
function stopsAt(text: string, member: Member): number | null {
  if (!/[[{]/.test(text.charAt(member.valueStart))) return null;
  if (member.key === 'sub') return member.valueStart;
  const inside = skipSpace(text, member.valueStart + 1);
  return member.key === 'nbf' && !/[\]}]/.test(text.charAt(inside)) ? inside : null;
}

function refuseUnread(source: JsonSource): void {
  for (const member of members(source.text, skipSpace(source.text, 0))) {
    const offset = stopsAt(source.text, member);
    if (offset !== null) throw faultBefore(source, offset, 'expected `,` or `}`');
  }
}

/** Whether a payload that `readClaims` took names an audience, which Meilisearch refuses because it expects none. Throws `JsonFault`. */
export function namesAudience(source: JsonSource): boolean {
  refuseUnread(source);
  const { aud } = JSON.parse(source.text) as { aud?: unknown };
  return typeof aud === 'string' || (Array.isArray(aud) && aud.every((one) => typeof one === 'string'));
}
