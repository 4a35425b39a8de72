import { ApiError } from '../errors/api-error.ts';
import type { Filter } from '../search/query.ts';
import type { KeyRecord } from '../store/records.ts';
import { allowsAction, isKeyAction, takesTenantToken } from './actions.ts';
import type { Caller } from './caller.ts';
import type { SearchRules } from './claims.ts';
import { sameSecret } from './derive.ts';
import { anyPatternMatches, listPatterns, mostSpecificPattern } from './patterns.ts';
import { verifyTenantToken } from './tenant-token.ts';

/** Where keys are looked up. */
export interface KeyLookup {
  byUid(uid: string): KeyRecord | null;
  byValue(value: string): KeyRecord | null;
}

/** What a decision depends on besides the request. */
export interface AuthoriseContext {
  keys: KeyLookup;
  /** Null: the instance is open, except for `/keys`. */
  masterKey: string | null;
  /** Milliseconds since the epoch. */
  now: number;
}

/** What a request asks for. */
export interface AuthoriseRequest {
  /** The `Authorization` header. */
  authorization: string | undefined;
  action: string;
  /** The index in the path, if the route has one. */
  indexUid: string | null;
}

/** A caller without limits: the master key, or anybody while there is none. */
const unlimited: Caller = {
  allowsIndex: () => true,
  indexPatterns: null,
  may: () => true,
  tenantFilter: () => null,
};

function missingHeader(): ApiError {
  return new ApiError(
    'missing_authorization_header',
    'The Authorization header is missing. It must use the bearer authorization method.',
  );
}

function missingMasterKey(): ApiError {
  return new ApiError(
    'missing_master_key',
    'Meilisearch is running without a master key. To access this API endpoint, you must have set a master key at launch.',
  );
}

function invalidKey(message = 'The provided API key is invalid.'): ApiError {
  return new ApiError('invalid_api_key', message);
}

/** The bearer of the header, null without a header. Only the exact word `Bearer` and one space are known; a header that is not ASCII counts as another method. */
function bearerOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  const [method, ...rest] = /^[\t\x20-\x7e]*$/.test(header) ? header.split(' ') : [''];
  if (method !== 'Bearer') throw missingHeader();
  if (rest.length === 0) throw invalidKey();
  return rest.join(' ');
}

/** A key as a set of rights, cut down by the token that was made from it, if any. */
interface Rights {
  key: KeyRecord;
  rules: SearchRules | null;
}

function findRights(bearer: string, masterKey: string, action: string, context: AuthoriseContext): Rights {
  const token = takesTenantToken(action) ? verifyTenantToken(bearer, masterKey, context.now) : null;
  const key = token === null ? context.keys.byValue(bearer) : context.keys.byUid(token.keyUid);
  if (key === null) throw invalidKey();
  return { key, rules: token?.rules ?? null };
}

/** The token's own limits may be told to its bearer, the key's behind a token may not. */
function refuseForeignIndex({ key, rules }: Rights, uid: string): void {
  if (rules !== null && !anyPatternMatches([...rules.keys()], uid)) {
    throw invalidKey(
      `The provided tenant token cannot acces the index \`${uid}\`, allowed indexes are ${listPatterns([...rules.keys()])}.`,
    );
  }
  if (anyPatternMatches(key.indexes, uid)) return;
  if (rules !== null) {
    throw invalidKey(`The API key used to generate this tenant token cannot acces the index \`${uid}\`.`);
  }
  throw invalidKey(
    `The API key cannot acces the index \`${uid}\`, authorized indexes are ${listPatterns(key.indexes)}.`,
  );
}

function isAlive(key: KeyRecord, now: number): boolean {
  return key.expiresAt === null || now < Date.parse(key.expiresAt);
}

/** Whether the key carries the action for some index. */
function mayDo(key: KeyRecord, action: string): boolean {
  return key.indexes.length > 0 && allowsAction(key.actions, action);
}

function ruleFilter(rules: SearchRules | null, uid: string): Filter | null {
  const pattern = rules === null ? null : mostSpecificPattern([...rules.keys()], uid);
  if (rules === null || pattern === null) return null;
  // Any JSON may stand there; the search refuses what is no filter, as it does for the client's own.
  return (rules.get(pattern) ?? null) as Filter | null;
}

function callerOf({ key, rules }: Rights): Caller {
  const tokenPatterns = rules === null ? null : [...rules.keys()];
  return {
    keyUid: key.uid,
    allowsIndex: (uid) =>
      anyPatternMatches(key.indexes, uid) && (tokenPatterns === null || anyPatternMatches(tokenPatterns, uid)),
    indexPatterns: key.indexes.includes('*') ? null : key.indexes,
    may: (action) => mayDo(key, action),
    tenantFilter: (uid) => ruleFilter(rules, uid),
  };
}

/**
 * Decide whether a request may go on, with Meilisearch's answers in Meilisearch's order: method, master key, token, key,
 * index, and last (all with one message) action and expiry. Throws `ApiError`.
 */
export function authorise(request: AuthoriseRequest, context: AuthoriseContext): Caller {
  const bearer = bearerOf(request.authorization);
  const { masterKey } = context;
  if (masterKey === null) {
    if (isKeyAction(request.action)) throw missingMasterKey();
    return unlimited;
  }
  if (bearer === null) throw missingHeader();
  if (sameSecret(bearer, masterKey)) return unlimited;
  const rights = findRights(bearer, masterKey, request.action, context);
  if (request.indexUid !== null) refuseForeignIndex(rights, request.indexUid);
  if (!mayDo(rights.key, request.action) || !isAlive(rights.key, context.now)) throw invalidKey();
  return callerOf(rights);
}
