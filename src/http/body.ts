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

const decoders: Record<string, () => NodeJS.ReadWriteStream & { destroy(error?: Error): void }> = {
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

async function collect(source: Readable, limit: number, memory: Pick<Reservation, 'grow'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    memory.grow(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/**
 * The whole body, decompressed (gzip, deflate, br; any other encoding is taken as plain, as the real server does).
 * Throws `ApiError` `payload_too_large` beyond `limit` bytes after decompression and `BrokenBodyError` when it cannot be
 * decoded. What is left unread is the server's to discard. `memory` may refuse it, as a
 * whole or half-way.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  memory: Pick<Reservation, 'expect' | 'grow'>,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const decoder = decoders[encoding];
  if (decoder === undefined) {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > limit) throw tooLarge(limit);
    memory.expect(announced);
    return guarded(encoding, () => collect(request, limit, memory));
  }
  const stream = decoder() as unknown as Readable & NodeJS.WritableStream;
  request.once('error', (error) => stream.destroy(error));
  request.once('aborted', () => stream.destroy(new Error('aborted')));
  try {
    return await guarded(encoding, () => collect(request.pipe(stream), limit, memory));
  } finally {
    request.unpipe(stream);
    stream.destroy();
    request.resume();
  }
}

async function guarded(encoding: string, read: () => Promise<Buffer>): Promise<Buffer> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new BrokenBodyError(encoding, error);
  }
}
