import { connect, type Socket } from 'node:net';
import { errors } from 'undici';
import { type Bytes, bytesIn, byteText, longestText } from '../json/byte-text.ts';
import { type AnswerHead, readAnswerHead } from './answer-head.ts';
import type { Abortable } from './cancellation.ts';
import { abortError } from './whole-answer.ts';

/** The answer to a read: its body as it came, or `other` when it takes more of HTTP than this to read it. */
export type ReadAnswer = { status: number; body: Bytes; retryAfter: string | undefined } | 'other';

/** A read that was asked for and is not answered yet. */
export class Read {
  /** Rejects with the socket's errors or undici's, so that they are told apart as those of other requests are. */
  readonly answer: Promise<ReadAnswer>;
  /** Over which it is sent; null while it waits for one. */
  connection: ReadConnection | null = null;
  /** Nobody waits for its answer any more. */
  ended = false;
  readonly #signal: Abortable | undefined;
  readonly #abort = () => this.reject(abortError());
  #resolve!: (answer: ReadAnswer) => void;
  #reject!: (error: Error) => void;

  /**
   * @param message Head and body, as they go out.
   * @param encoding `latin1` when all of it is ASCII, which is quicker to write.
   * @param timeoutMs Until the answer's head must be here, and again for its body.
   * @param signal Ends it with an `AbortError`.
   */
  constructor(
    readonly message: string,
    readonly encoding: 'latin1' | 'utf8',
    readonly timeoutMs: number,
    signal?: Abortable,
  ) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(answer: ReadAnswer): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#resolve(answer);
  }

  /** Also ends its connection, over which the answer would come. */
  reject(error: Error): void {
    this.ended = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#reject(error);
    this.connection?.destroy(error);
  }
}

/** Where a node listens. */
export interface Place {
  host: string;
  port: number;
}

/** Whom a connection tells about itself. */
export interface ConnectionOwner {
  /** It has nothing to do now. */
  onIdle(connection: ReadConnection): void;
  /** It has ended; nothing may be sent over it any more. */
  onClosed(connection: ReadConnection): void;
}

/** Bytes read at once. What is read is copied out before anything else is read, so that all connections share one buffer. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);
const longestConnectMs = 5_000;
const headEnd = Buffer.from('\r\n\r\n');

/** One kept connection to a node, for one read after the other. */
export class ReadConnection {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  #read: Read | null = null;
  #connected = false;
  /** What has come of a head that is not complete. */
  #headStart = '';
  #head: AnswerHead | null = null;
  /** The body, when it comes in pieces. */
  #body: Buffer | null = null;
  #bodyHas = 0;
  #timer: NodeJS.Timeout | null = null;
  #timerMs = 0;

  constructor(place: Place, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#socket = connect({
      ...place,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (count) => {
          this.#take(readBuffer.subarray(0, count));
          return true;
        },
      },
    });
    this.#socket.once('connect', () => {
      this.#connected = true;
      if (this.#read !== null) this.#wait(this.#read.timeoutMs);
    });
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('end', () => this.#end(new errors.SocketError('other side closed')));
    this.#socket.on('close', () => this.#end(new errors.SocketError('closed')));
  }

  /** Sends a read; only when the connection has nothing to do. */
  send(read: Read): void {
    this.#read = read;
    read.connection = this;
    this.#wait(this.#connected ? read.timeoutMs : Math.min(read.timeoutMs, longestConnectMs));
    this.#socket.write(read.message, read.encoding);
  }

  /** Ends the connection, and what it has to do with this error. */
  destroy(error: Error): void {
    this.#end(error);
  }

  /** One timer for all reads of a connection: making one for each costs more. */
  #wait(milliseconds: number): void {
    if (this.#timer !== null && this.#timerMs === milliseconds) {
      this.#timer.refresh();
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerMs = milliseconds;
    this.#timer = setTimeout(() => this.#timeOut(), milliseconds);
    this.#timer.unref();
  }

  /** Also ends a connection that has had nothing to do for so long. */
  #timeOut(): void {
    if (!this.#connected) this.#end(new errors.ConnectTimeoutError());
    else this.#end(this.#head === null ? new errors.HeadersTimeoutError() : new errors.BodyTimeoutError());
  }

  #take(bytes: Buffer): void {
    if (this.#body !== null) {
      this.#takeBody(bytes);
      return;
    }
    // bytes that nobody asked for
    if (this.#read === null) {
      this.#end(new errors.SocketError('answer without a request'));
      return;
    }
    const end = bytes.indexOf(headEnd);
    const text = this.#headStart + byteText(bytes.subarray(0, end === -1 ? longestText : end + headEnd.length));
    const head = readAnswerHead(text);
    if (head === 'incomplete') this.#headStart = text;
    else if (head === 'other') this.#answer('other', true);
    else this.#takeHead(head, bytes);
  }

  /** `bytes`: what has just come, in which the head ends. */
  #takeHead(head: AnswerHead, bytes: Buffer): void {
    const { status, retryAfter, closes, bodyAt, bodyLength } = head;
    const bodyIn = bodyAt - this.#headStart.length;
    this.#headStart = '';
    const more = bytes.length - bodyIn - bodyLength;
    if (more >= 0 && bodyLength <= longestText) {
      // a text of its own: V8 takes longer to find characters in a part of another one
      const body = byteText(bytes.subarray(bodyIn, bodyIn + bodyLength));
      this.#answer({ status, body, retryAfter }, closes || more > 0);
      return;
    }
    this.#head = head;
    this.#body = Buffer.allocUnsafe(bodyLength);
    this.#bodyHas = 0;
    this.#wait(this.#timerMs);
    this.#takeBody(bytes.subarray(bodyIn));
  }

  #takeBody(bytes: Buffer): void {
    const { status, retryAfter, closes, bodyLength } = this.#head as AnswerHead;
    const whole = this.#body as Buffer;
    const taken = bytes.copy(whole, this.#bodyHas);
    this.#bodyHas += taken;
    if (this.#bodyHas < bodyLength) return;
    this.#head = null;
    this.#body = null;
    this.#answer({ status, body: bytesIn(whole), retryAfter }, closes || taken < bytes.length);
  }

  #answer(answer: ReadAnswer, closes: boolean): void {
    const read = this.#read as Read;
    this.#read = null;
    read.connection = null;
    if (closes) this.#end(new errors.SocketError('closed'));
    else this.#owner.onIdle(this);
    read.resolve(answer);
  }

  #end(error: Error): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const read = this.#read;
    this.#read = null;
    this.#socket.destroy();
    this.#owner.onClosed(this);
    if (read === null) return;
    read.connection = null;
    read.reject(error);
  }
}
