import { createHash, type Hash } from 'node:crypto';
import { pipeline, type Readable, Transform } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../errors/api-error.ts';

import type { Caller } from '../keys/caller.ts';
import type { WriteOrigin } from '../tasks/write-origin.ts';
import { type Parser, readJson, readQuery } from '../validation/cursor.ts';
import { invalidIndexUid, isIndexUid } from '../validation/index-uid.ts';
import { parseQueryString } from '../validation/query-string.ts';
import { type BodyLimits, BrokenBodyError, readBody } from './body.ts';
import { documentFormat, requireJson } from './content-type.ts';
import { type JsonBody, parseJsonBody } from './json-text.ts';
import type { Reservation } from './memory-budget.ts';
import { chosenName, fingerprint } from './own-headers.ts';
import type { DocumentPayload, ReadServices, Services } from './services.ts';
import { queryOf } from './url.ts';

/** Bytes of a gzip header; what is shorter and no gzip is found out at its end only. */
const GZIP_HEADER = 10;

const brokenMessages: Record<string, string> = {
  gzip: 'Some(Custom { kind: InvalidInput, error: "corrupt gzip stream does not have a matching checksum" })',
  'gzip header': 'Some(Custom { kind: InvalidInput, error: "invalid gzip header" })',
  deflate: 'Some(Custom { kind: InvalidInput, error: "corrupt deflate stream" })',
  br: 'Some(Custom { kind: InvalidData, error: "Invalid Data" })',
};

/**
 * One request under way: what a route needs of it, with Meilisearch's own refusals. Meilisearch's order of checks is
 * authorisation, query string, content type, body, then the index uid in the path; routes call these in that order.
 */
export class Exchange<S extends ReadServices = Services> {
  readonly services: S;
  readonly #request: FastifyRequest;
  readonly #bodyLimits: BodyLimits;
  readonly #memory: Pick<Reservation, 'expect' | 'grow'>;
  #bodyHash: Hash | null = null;
  #caller = '';

  constructor(
    request: FastifyRequest,
    services: S,
    bodyLimits: BodyLimits,
    memory: Pick<Reservation, 'expect' | 'grow'>,
  ) {
    this.#request = request;
    this.services = services;
    this.#bodyLimits = bodyLimits;
    this.#memory = memory;
  }

  /** What the client says of a write besides what to write; null when it says nothing. Throws `miroir_invalid_header`. */
  writeOrigin(): WriteOrigin | null {
    if (this.#request.method === 'GET') return null;
    const idempotencyKey = chosenName('Idempotency-Key', this.header('idempotency-key'));
    const session = this.#session();
    if (idempotencyKey !== null) this.#bodyHash = createHash('sha256');
    else if (session === null) return null;
    return { idempotencyKey, session, fingerprint: () => this.#fingerprint() };
  }

  /**
   * Wait for the writes of the client's session to an index (null: to any), if it named one, so that they show. Returns
   * the uid of a task that takes too long, else null.
   */
  async settleSession(indexUid: string | null): Promise<number | null> {
    const session = this.#session();
    return session === null ? null : this.services.sessions.settle(session, indexUid);
  }

  #session(): string | null {
    return chosenName('X-Miroir-Session', this.header('x-miroir-session'));
  }

  #fingerprint(): string {
    const { method, originalUrl: url } = this.#request;
    const bodyHash = this.#bodyHash?.copy().digest('hex') ?? '';
    return fingerprint({ method, url, caller: this.#caller, bodyHash });
  }

  /** A part of the path, decoded. */
  param(name: string): string {
    return (this.#request.params as Record<string, string>)[name] ?? '';
  }

  /** A request header. */
  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The query string as sent, without its `?`. */
  get rawQuery(): string {
    return queryOf(this.#request.raw.url ?? '');
  }

  /** Who asks, if they may do `action`; on routes with an index in the path, on that index. */
  async authorise(action: string): Promise<Caller> {
    const index = (this.#request.params as Record<string, string>).indexUid ?? null;
    const caller = await this.services.keys.authorise(this.#request.headers.authorization, action, index);
    this.#caller = caller.keyUid ?? '';
    return caller;
  }

  /** The index uid of the path; throws `invalid_index_uid`. */
  indexUid(): string {
    const uid = this.param('indexUid');
    if (!isIndexUid(uid)) throw new ApiError('invalid_index_uid', invalidIndexUid(uid));
    return uid;
  }

  /** The query string, read by `parse`. */
  query<T>(parse: Parser<T>): T {
    return readQuery(parse, parseQueryString(this.rawQuery));
  }

  /** The body as it comes, for routes that take bodies of any size; the content type goes with it. */
  get upload(): { body: Readable; contentType: string | undefined } {
    const hash = this.#bodyHash;
    const contentType = this.#request.sentContentType;
    if (hash === null) return { body: this.#request.raw, contentType };
    const hashed = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    return { body: pipeline(this.#request.raw, hashed, () => undefined), contentType };
  }

  async #readBody(): Promise<Buffer> {
    const body = await readBody(this.#request.raw, this.#bodyLimits, this.#memory);
    this.#bodyHash?.update(body);
    return body;
  }

  /** The bytes of a JSON body. */
  async jsonBytes(): Promise<Buffer> {
    requireJson(this.#request.sentContentType);
    const body = await this.#readJsonBytes();
    if (body.length === 0) throw new ApiError('missing_payload', 'A json payload is missing.');
    return body;
  }

  /** The JSON body, parsed but not judged. */
  async jsonBody(): Promise<JsonBody> {
    return parseJsonBody(await this.jsonBytes());
  }

  /** The JSON body, read by `parse`. */
  async json<T>(parse: Parser<T>): Promise<T> {
    const { value, text } = await this.jsonBody();
    return readJson(parse, value, text);
  }

  async #readJsonBytes(): Promise<Buffer> {
    try {
      return await this.#readBody();
    } catch (error) {
      if (!(error instanceof BrokenBodyError)) throw error;
      const noGzip = (error.cause as Error).message === 'incorrect header check' && error.encoding === 'gzip';
      const short = Number(this.header('content-length')) < GZIP_HEADER;
      const detail = brokenMessages[noGzip && !short ? 'gzip header' : error.encoding] ?? 'None';
      throw new ApiError(
        'bad_request',
        `Error that occur during reading payload: payload reached EOF before completing: ${detail}`,
        { cause: error },
      );
    }
  }

  /** A document payload: its format by the content type, its bytes as sent. */
  async documents(csvDelimiter: string | null): Promise<DocumentPayload> {
    const format = documentFormat(this.#request.sentContentType, csvDelimiter);
    const body = await this.#readDocumentBytes();
    if (body.length === 0) throw new ApiError('missing_payload', `A ${format} payload is missing.`);
    return { format, body, csvDelimiter: format === 'csv' ? csvDelimiter : null };
  }

  async #readDocumentBytes(): Promise<Buffer> {
    try {
      return await this.#readBody();
    } catch (error) {
      if (!(error instanceof BrokenBodyError)) throw error;
      throw new ApiError('bad_request', 'The provided payload is incomplete and cannot be parsed', { cause: error });
    }
  }
}
