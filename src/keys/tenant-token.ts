import { createHmac } from 'node:crypto';
import { ApiError } from '../errors/api-error.ts';
import { faultAt, faultBefore, JsonFault, type JsonSource, jsonSource } from '../json/fault.ts';
import { decodeBase64Url } from './base64url.ts';
import { type Claims, namesAudience, readClaims, type SearchRules } from './claims.ts';
import { deriveKey, sameSecret } from './derive.ts';
import { type FieldReader, orNull, readStruct, stringField, valueText } from './struct.ts';

/** A token whose signature and expiry are good. */
export interface TenantToken {
  /** Uid of the key that signed it; whether that key still exists is for the caller to see. */
  keyUid: string;
  rules: SearchRules;
}

/** Hashes of the algorithms that a tenant token may use. */
const hashes: ReadonlyMap<string, string> = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
]);
/** Algorithms that can be named at all, in the order in which Meilisearch's refusal lists them. */
const namedAlgorithms = [
  ...hashes.keys(),
  'ES256',
  'ES384',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
];

function refusal(message: string): ApiError {
  return new ApiError('invalid_api_key', message);
}

function undecodable(reason: string): ApiError {
  return refusal(`Could not decode tenant token, ${reason}.`);
}

const algorithm: FieldReader<string> = (source, member) => {
  const text = valueText(source, member);
  if (!text.startsWith('"')) throw faultBefore(source, member.valueStart, 'expected value');
  const name = JSON.parse(text) as string;
  if (namedAlgorithms.includes(name)) return name;
  const known = namedAlgorithms.map((one) => `\`${one}\``).join(', ');
  throw faultAt(source, member.valueEnd, `unknown variant \`${name}\`, expected one of ${known}`, 'data');
};

const optionalText = { read: orNull(stringField), required: false };

function readHeader(source: JsonSource): string {
  const { alg } = readStruct(source, 'Header', {
    typ: optionalText,
    alg: { read: algorithm, required: true },
    cty: optionalText,
    jku: optionalText,
    kid: optionalText,
    x5u: optionalText,
    x5t: optionalText,
    'x5t#S256': optionalText,
  });
  return String(alg);
}

function decodePart<T>(part: string, read: (source: JsonSource) => T): T {
  const decoded = decodeBase64Url(part);
  if ('reason' in decoded) throw undecodable(`Base64 error: ${decoded.reason}`);
  try {
    return read(jsonSource(decoded.bytes));
  } catch (error) {
    if (error instanceof JsonFault) throw undecodable(`JSON error: ${error.message}`);
    throw error;
  }
}

function readPayload(source: JsonSource): Claims {
  const claims = readClaims(source);
  if (namesAudience(source)) throw undecodable('InvalidAudience');
  return claims;
}

function refuseExpired({ exp }: Claims, nowMs: number): void {
  const now = Math.floor(nowMs / 1000);
  if (exp === null || BigInt(now) <= exp) return;
  throw refusal(`Tenant token expired. Was valid up to \`${exp}\` and we're now \`${now}\`.`);
}

/**
 * Check a tenant token (a JWT, RFC 7519, signed with the value of an API key). Null when the text has not a token's three
 * parts, so that it may be a plain key. Throws `ApiError` `invalid_api_key` with Meilisearch's words, in Meilisearch's order
 * of checks: header, payload, audience, algorithm, signature, expiry. `nowMs`: milliseconds since the epoch.
 */
export function verifyTenantToken(token: string, masterKey: string, nowMs: number): TenantToken | null {
  const signatureDot = token.lastIndexOf('.');
  const payloadDot = token.lastIndexOf('.', signatureDot - 1);
  if (signatureDot < 1 || payloadDot === -1) return null;
  const alg = decodePart(token.slice(0, payloadDot), readHeader);
  const claims = decodePart(token.slice(payloadDot + 1, signatureDot), readPayload);
  const hash = hashes.get(alg);
  if (hash === undefined) throw undecodable('InvalidAlgorithm');
  const secret = deriveKey(masterKey, claims.apiKeyUid);
  const expected = createHmac(hash, secret).update(token.slice(0, signatureDot)).digest('base64url');
  if (!sameSecret(expected, token.slice(signatureDot + 1))) throw undecodable('InvalidSignature');
  refuseExpired(claims, nowMs);
  return { keyUid: claims.apiKeyUid, rules: claims.searchRules };
}
