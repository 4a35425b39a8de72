import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ApiError } from '../errors/api-error.ts';
import type { Reservation } from './memory-budget.ts';

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
}

/** Bytes of a body from which it matters how often it stands in memory. */
const largeBytes = 2 ** 20;

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
 * The pieces of a body as they come. When half of what was announced is there, they are put in their place at once, so that a
 * large body stands in memory once and a half and not twice; and a client that only announces much takes nothing.
 */
class Pieces {
  size = 0;
  readonly #announced: number;
  #chunks: Buffer[] = [];
  #whole: Buffer | null = null;

  constructor(announced: number) {
    this.#announced = announced;
  }

  add(chunk: Buffer): void {
    if (this.#whole === null) this.#chunks.push(chunk);
    else chunk.copy(this.#whole, this.size);
    this.size += chunk.length;
    if (this.#whole === null && this.#announced > largeBytes && this.size >= this.#announced / 2) this.#gather();
  }

  #gather(): void {
    this.#whole = Buffer.allocUnsafeSlow(this.#announced);
    let at = 0;
    for (const chunk of this.#chunks) at += chunk.copy(this.#whole, at);
    this.#chunks = [];
  }

  whole(): Buffer {
    return this.#whole ?? Buffer.concat(this.#chunks, this.size);
  }
}

/**
 * Gathers what a stream gives while a request arrives. The request is never destroyed, as its connection is still needed
 * for the answer.
 */
function collect(
  source: Readable,
  arriving: IncomingMessage,
  announced: number,
  { maxBytes, stallMs }: BodyLimits,
  memory: Pick<Reservation, 'grow'>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces = new Pieces(announced);
    const timer = setTimeout(() => end(() => reject(stalled(stallMs))), stallMs);
    const arrived = () => timer.refresh();
    const take = (chunk: Buffer) => {
      pieces.add(chunk);
      if (pieces.size > maxBytes) return end(() => reject(tooLarge(maxBytes)));
      try {
        memory.grow(chunk.length);
      } catch (error) {
        end(() => reject(error));
      }
    };
    const broken = (error?: unknown) => end(() => reject(error ?? new Error('the body ended early')));
    const whole = () => end(() => resolve(pieces.whole()));
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
 * Throws `ApiError` `payload_too_large` beyond the limit after decompression, `miroir_request_timeout` when it stalls, and
 * `BrokenBodyError` when it cannot be decoded. `memory` may refuse it, as a whole or half-way. What is left unread is discarded.
 */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  memory: Pick<Reservation, 'expect' | 'grow'>,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const decoder = decoders[encoding]?.();
  const announced = decoder === undefined ? Number(request.headers['content-length'] ?? 0) : 0;
  if (announced > limits.maxBytes) throw tooLarge(limits.maxBytes);
  memory.expect(announced);
  try {
    return await collect(decoder === undefined ? request : request.pipe(decoder), request, announced, limits, memory);
  } catch (error) {
    throw error instanceof ApiError ? error : new BrokenBodyError(encoding, error);
  } finally {
    if (decoder !== undefined) request.unpipe(decoder);
    decoder?.destroy();
    request.resume();
  }
}
