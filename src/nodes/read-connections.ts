import { errors } from 'undici';
import type { Abortable } from './cancellation.ts';
import { type ConnectionOwner, Read, type ReadAnswer, ReadConnection } from './read-connection.ts';
import { abortError } from './whole-answer.ts';

/** What may stand in a request line as it is. */
const plain = /^[\x21-\x7e]+$/;

/** What a header may say as it is. */
const printable = /^[\x20-\x7e]*$/;

/** What is asked of a node. */
export interface ReadRequest {
  method: string;
  path: string;
  body: string;
  timeoutMs: number;
  signal: Abortable | undefined;
}

/**
 * Kept connections to one node, for the requests that a search consists of. Of HTTP it knows what Meilisearch's answers to them
 * use, which takes a quarter of what a client for all of HTTP does for each (docs/decisions/0012); for everything else
 * it says so, and that client is asked.
 */
export class ReadConnections implements ConnectionOwner {
  readonly #place: { host: string; port: number };
  readonly #headers: string;
  readonly #most: number;
  readonly #all = new Set<ReadConnection>();
  readonly #idle: ReadConnection[] = [];
  readonly #waiting: Read[] = [];
  #closed = false;

  /** Null for an address or headers that need more than plain HTTP over TCP. */
  static to(address: string, headers: Record<string, string>, most: number): ReadConnections | null {
    const url = new URL(address);
    const sendable = Object.values(headers).every((value) => printable.test(value));
    return url.protocol === 'http:' && sendable ? new ReadConnections(url, headers, most) : null;
  }

  /** `headers` go with every request; at most `most` connections are open at a time, and further requests wait for one. */
  constructor(address: URL, headers: Record<string, string>, most: number) {
    this.#place = { host: address.hostname.replace(/^\[|\]$/g, ''), port: Number(address.port || 80) };
    const lines = Object.entries({ host: address.host, connection: 'keep-alive', ...headers });
    this.#headers = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.#most = most;
  }

  /** Sends a read. Rejects with the socket's errors or undici's, and with an `AbortError`. */
  ask({ method, path, body, timeoutMs, signal }: ReadRequest): Promise<ReadAnswer> {
    if (signal?.aborted) return Promise.reject(abortError());
    if (!plain.test(path)) return Promise.reject(new errors.InvalidArgumentError('invalid path'));
    const length = Buffer.byteLength(body);
    const message = `${method} ${path} HTTP/1.1\r\n${this.#headers}content-length: ${length}\r\n\r\n${body}`;
    const read = new Read(message, length === body.length ? 'latin1' : 'utf8', timeoutMs, signal);
    this.#send(read);
    return read.answer;
  }

  onIdle(connection: ReadConnection): void {
    const next = this.#next();
    if (next === undefined) this.#idle.push(connection);
    else connection.send(next);
  }

  onClosed(connection: ReadConnection): void {
    if (!this.#all.delete(connection)) return;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    const next = this.#next();
    if (next !== undefined) this.#send(next);
  }

  /** Ends all connections, and what is under way over them. */
  close(): void {
    this.#closed = true;
    const error = new errors.ClientDestroyedError();
    for (const read of this.#waiting.splice(0)) read.reject(error);
    for (const connection of [...this.#all]) connection.destroy(error);
  }

  #send(read: Read): void {
    const idle = this.#idle.pop();
    if (idle !== undefined) idle.send(read);
    else if (this.#closed) read.reject(new errors.ClientDestroyedError());
    else if (this.#all.size >= this.#most) this.#waiting.push(read);
    else this.#open().send(read);
  }

  #open(): ReadConnection {
    const connection = new ReadConnection(this.#place, this);
    this.#all.add(connection);
    return connection;
  }

  /** The read that has waited longest for a connection. */
  #next(): Read | undefined {
    let next = this.#waiting.shift();
    while (next?.ended) next = this.#waiting.shift();
    return next;
  }
}
