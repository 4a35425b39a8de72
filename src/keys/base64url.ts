const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Bits of the last character that must be zero, by the length's remainder modulo four. */
const unusedBits: Readonly<Record<number, number>> = { 2: 0b1111, 3: 0b11 };

/** Decode URL-safe base64 without padding, or say what is wrong in the words of Meilisearch's base64 library. */
export function decodeBase64Url(text: string): { bytes: Buffer } | { reason: string } {
  const bad = [...Buffer.from(text)].findIndex((byte) => !alphabet.includes(String.fromCharCode(byte)));
  if (bad !== -1) return { reason: `Invalid symbol ${Buffer.from(text)[bad]}, offset ${bad}.` };
  const remainder = text.length % 4;
  if (remainder === 1) return { reason: `Invalid input length: ${text.length}` };
  const last = text.length - 1;
  if ((alphabet.indexOf(text.charAt(last)) & (unusedBits[remainder] ?? 0)) !== 0) {
    return { reason: `Invalid last symbol ${text.charCodeAt(last)}, offset ${last}.` };
  }
  return { bytes: Buffer.from(text, 'base64url') };
}
