import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The value of an API key, from the master key and the key's uid (lower case, hyphens), exactly as Meilisearch derives it. */
export function deriveKey(masterKey: string, uid: string): string {
  return createHmac('sha256', masterKey).update(uid).digest('hex');
}

/** A digest under which a secret can be looked up: how long the look-up takes tells nothing about the secret itself. */
export function secretDigest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}

/** Bytes up to which secrets are compared as they are; longer ones are hashed before, which takes six times as long. */
const comparedBytes = 256;
const [leftBytes, rightBytes] = [Buffer.alloc(comparedBytes), Buffer.alloc(comparedBytes)];

/** Whether two secrets are equal, in a time that does not depend on where or in how much they differ. */
export function sameSecret(left: string, right: string): boolean {
  const [leftLength, rightLength] = [Buffer.byteLength(left), Buffer.byteLength(right)];
  if (leftLength > comparedBytes || rightLength > comparedBytes) {
    const digest = (text: string) => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(left), digest(right));
  }
  leftBytes.fill(0).write(left);
  rightBytes.fill(0).write(right);
  const same = timingSafeEqual(leftBytes, rightBytes);
  return same && leftLength === rightLength;
}
