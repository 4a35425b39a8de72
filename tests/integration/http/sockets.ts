import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer as it came over the wire; names of headers are in lower case. */
export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Milliseconds after which a test has waited long enough for what must happen. */
const patience = 30_000;

/** Waits until something holds; throws when it does not come true. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(5)) if (await holds()) return;
  throw new Error(`${what} did not come true in ${patience} ms`);
}

/** The body of a chunked answer and where it ends, or null while it is incomplete. */
function readChunked(bytes: Buffer, start: number): { body: Buffer; end: number } | null {
  const parts: Buffer[] = [];
  for (let at = start; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line === -1) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    const next = line + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { body: Buffer.concat(parts), end: next };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

/** The first answer in the bytes and where it ends, or null while it is incomplete. */
function readAnswer(bytes: Buffer): { answer: WireAnswer; end: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [name = '', value = ''] = [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1)];
    headers[name] = headers[name] === undefined ? value.trim() : `${headers[name]}, ${value.trim()}`;
  }
  const status = Number(first.split(' ', 2)[1]);
  const start = headEnd + 4;
  if (headers['transfer-encoding'] === 'chunked') {
    const chunked = readChunked(bytes, start);
    return chunked && { answer: { status, headers, body: chunked.body }, end: chunked.end };
  }
  const end = start + Number(headers['content-length'] ?? 0);
  return bytes.length < end ? null : { answer: { status, headers, body: bytes.subarray(start, end) }, end };
}

/** A connection on which a test decides about each byte and when it goes out. */
export class Wire {
  readonly socket: Socket;
  #bytes = Buffer.alloc(0);
  #closed = false;

  constructor(address: string) {
    const { hostname, port } = new URL(address);
    this.socket = connect({ port: Number(port), host: hostname, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.#closed = true;
    });
  }

  write(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether nothing has come that was not asked for by `answer`. */
  get silent(): boolean {
    return this.#bytes.length === 0;
  }

  /** The next answer; throws when the connection ends without one. */
  async answer(): Promise<WireAnswer> {
    let found: ReturnType<typeof readAnswer> = null;
    await until(() => {
      found = readAnswer(this.#bytes);
      return found !== null || this.#closed;
    }, 'an answer');
    const { answer, end } = found ?? raise(`the connection ended after ${JSON.stringify(this.#bytes.toString())}`);
    this.#bytes = this.#bytes.subarray(end);
    return answer;
  }

  /** Resolves when the other side has ended the connection. */
  end(): Promise<void> {
    return until(() => this.#closed, 'the end of the connection');
  }

  /** Breaks off as a process does that is killed. */
  abort(): void {
    this.socket.resetAndDestroy();
  }
}

function raise(message: string): never {
  throw new Error(message);
}

/** The text of a request; `Content-Length` is added when there is a body. */
export function requestText(target: string, headers: Record<string, string> = {}, body: string | Buffer = ''): Buffer {
  const [method, path] = target.split(' ');
  const all = {
    host: 'a',
    ...headers,
    ...(body.length === 0 ? {} : { 'content-length': `${Buffer.byteLength(body)}` }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), Buffer.from(body)]);
}
