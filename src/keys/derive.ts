import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The value of an API key, from the master key and the key's uid (lower case, hyphens), exactly as Meilisearch derives it. */
export function deriveKey(masterKey: string, uid: string): string {
  return createHmac('sha256', masterKey).update(uid).digest('hex');
}

/** A digest under which a secret can be looked up: how long the look-up takes tells nothing about the secret itself. */
export function secretDigest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}

/** Bytes of the longest secret that is compared as it is: every search compares one, and hashing both costs ten times as much. */
const SHORT = 256;

/** A text in a buffer of a fixed length; null when it does not fit. */
function padded(text: string): Buffer | null {
  if (text.length > SHORT || Buffer.byteLength(text) > SHORT) return null;
  const buffer = Buffer.alloc(SHORT);
  buffer.write(text);
  return buffer;
}

/** Whether two secrets are equal, in a time that does not depend on where or in how much they differ. */
export function sameSecret(left: string, right: string): boolean {
  const one = padded(left);
  const other = padded(right);
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (one === null || other === null) return timingSafeEqual(digest(left), digest(right));
  // a secret that ends in zero bytes looks like a shorter one
  return timingSafeEqual(one, other) && left.length === right.length;
}
