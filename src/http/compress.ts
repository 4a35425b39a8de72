import { promisify } from 'node:util';
import { brotliCompress, constants, deflate, gzip } from 'node:zlib';

/** Encodings that answers can have. */
export type Encoding = 'br' | 'gzip' | 'deflate';

/** Bodies up to this many bytes fit one packet and are sent plain. */
const SMALLEST = 1_024;
const preference: readonly Encoding[] = ['br', 'gzip', 'deflate'];
const anyOfThem = new RegExp(preference.join('|'), 'i');

/** The encoding to use for a client's `Accept-Encoding`, or null for none. */
export function negotiate(header: string | undefined): Encoding | null {
  if (header === undefined || !anyOfThem.test(header)) return null;
  const weights = new Map<string, number>();
  for (const part of header.split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    weights.set(name, q === undefined ? 1 : Number(q.slice(2)) || 0);
  }
  let best: Encoding | null = null;
  let bestWeight = 0;
  for (const encoding of preference) {
    const weight = weights.get(encoding) ?? 0;
    if (weight > bestWeight) {
      best = encoding;
      bestWeight = weight;
    }
  }
  return best !== null && bestWeight >= (weights.get('identity') ?? 0) ? best : null;
}

const encoders: Record<Encoding, (body: Buffer) => Promise<Buffer>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (body) => promisify(gzip)(body),
  deflate: (body) => promisify(deflate)(body),
};

/** The body encoded whole, so that it goes out at once with its length; null when it stays plain. */
export async function compress(
  body: Buffer,
  acceptEncoding: string | undefined,
): Promise<{ body: Buffer; encoding: Encoding } | null> {
  if (body.length <= SMALLEST) return null;
  const encoding = negotiate(acceptEncoding);
  return encoding === null ? null : { body: await encoders[encoding](body), encoding };
}
