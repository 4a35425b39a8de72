import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ApiError } from '../errors/api-error.ts';

/** A compressed body that does not decompress, or a body that ended early. Routes word it in their own way. */
export class BrokenBodyError extends Error {
  readonly encoding: string;

  constructor(encoding: string, cause: unknown) {
    super('the request body cannot be decoded', { cause });
    this.name = 'BrokenBodyError';
    this.encoding = encoding;
  }
}

/** What bounds the reading of a body. */
export interface BodyLimits {
  /** Bytes after decompression. */
  maxBytes: number;
  /** Milliseconds for which nothing may arrive. */
  stallMs: number;
  /** Called for the memory that the body is going to take, before it is taken; what it throws ends the reading. */
  reserve: BodyReserve;
}

/** Bytes known before the first arrives may be waited for; bytes that turn up later must be there at once. */
export interface BodyReserve {
  known(bytes: number): Promise<void>;
  more(bytes: number): void;
}

const decoders: Record<string, () => Readable & NodeJS.ReadWriteStream> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

function tooLarge(limit: number): ApiError {
  return new ApiError(
    'payload_too_large',
    `The provided payload reached the size limit. The maximum accepted payload size is ${describeSize(limit)}.`,
  );
}

function stalled(milliseconds: number): ApiError {
  const message = `Nothing of the request body arrived for ${milliseconds} ms.`;
  return new ApiError('miroir_request_timeout', message, { headers: { connection: 'close' } });
}

/** Bytes in the unit that keeps the number short: `100 MB`, `10 MiB`, `512 B`. */
export function describeSize(bytes: number): string {
  const units: [number, string][] = [
    [2 ** 30, 'GiB'],
    [1e9, 'GB'],
    [2 ** 20, 'MiB'],
    [1e6, 'MB'],
    [2 ** 10, 'KiB'],
    [1e3, 'kB'],
  ];
  const exact = units.find(([size]) => bytes >= size && bytes % size === 0);
  return exact === undefined ? `${bytes} B` : `${bytes / exact[0]} ${exact[1]}`;
}

/**
 * Gathers a stream without ever destroying it, as the connection behind it is still needed for the answer. `reserved`
 * bytes of it are accounted for already.
 */
function collect(source: Readable, arriving: Readable, limits: BodyLimits, reserved: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => end(() => reject(stalled(limits.stallMs))), limits.stallMs);
    const arrived = () => timer.refresh();
    const take = (chunk: Buffer) => {
      try {
        if (size + chunk.length > limits.maxBytes) throw tooLarge(limits.maxBytes);
        const over = size + chunk.length - Math.max(reserved, size);
        if (over > 0) limits.reserve.more(over);
        size += chunk.length;
        chunks.push(chunk);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const broken = (error?: unknown) => end(() => reject(error ?? new Error('the body ended early')));
    const whole = () => end(() => resolve(Buffer.concat(chunks, size)));
    const end = (settle: () => void) => {
      clearTimeout(timer);
      arriving.off('data', arrived).off('error', broken).off('aborted', broken);
      source.off('data', take).off('end', whole).off('error', broken);
      settle();
    };
    arriving.on('data', arrived).on('error', broken).on('aborted', broken);
    source.on('data', take).on('end', whole).on('error', broken);
    if (arriving.destroyed) broken();
  });
}

/**
 * The whole body, decompressed (gzip, deflate, br; any other encoding is taken as plain, as the real server does).
 * Throws `ApiError` `payload_too_large` beyond the limit after decompression, `miroir_request_timeout` when it stalls, what
 * `reserve` throws, and `BrokenBodyError` when it cannot be decoded. What is left unread is discarded.
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const decoder = decoders[encoding]?.();
  const length = Number(request.headers['content-length'] ?? 0);
  if (decoder === undefined && length > limits.maxBytes) throw tooLarge(limits.maxBytes);
  const known = decoder === undefined ? length : 0;
  if (known > 0) await limits.reserve.known(known);
  try {
    return await collect(decoder === undefined ? request : request.pipe(decoder), request, limits, known);
  } catch (error) {
    throw error instanceof ApiError ? error : new BrokenBodyError(encoding, error);
  } finally {
    if (decoder !== undefined) request.unpipe(decoder);
    decoder?.destroy();
    request.resume();
  }
}
