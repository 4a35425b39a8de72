/** The head of an HTTP answer, as far as the answer to a read needs it. */
export interface AnswerHead {
  status: number;
  /** Where the body begins in the text that was read. */
  bodyAt: number;
  /** Bytes of the body. */
  bodyLength: number;
  /** The connection ends after this answer. */
  closes: boolean;
  retryAfter: string | undefined;
}

/** Longest head that is waited for, in bytes; Meilisearch's are below 300. */
const longestHead = 16_384;

/** What says that the body is not simply the bytes that follow. */
const otherFraming = /\r\n(?:transfer-encoding|content-encoding|upgrade):/i;
const statusLine = /^HTTP\/1\.1 ([2-5]\d\d) /;
/** Below a gigabyte, as a body is gathered in one buffer. */
const contentLength = /\r\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r\n/i;
const anyLength = /\r\ncontent-length:/i;
const closing = /\r\nconnection: *close\r\n/i;
const retryAfter = /\r\nretry-after: *([^\r\n]+)\r\n/i;

/** Whether the length is told more than once, in whatever way. */
function isRepeated(head: string): boolean {
  return anyLength.test(head.slice(head.search(anyLength) + 2));
}

/**
 * Reads the head of an answer whose first bytes are `text` (one character for each byte). `incomplete` when more of it has to
 * come; `other` when it is anything but what Meilisearch sends when it is asked for `identity`: HTTP/1.1 with the length of
 * its body (RFC 9112, section 6).
 */
export function readAnswerHead(text: string): AnswerHead | 'incomplete' | 'other' {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return text.length > longestHead ? 'other' : 'incomplete';
  const head = text.slice(0, end + 2);
  const status = Number(statusLine.exec(head)?.[1]);
  const length = contentLength.exec(head);
  if (Number.isNaN(status) || status === 204 || status === 304) return 'other';
  if (length === null || otherFraming.test(head) || isRepeated(head)) return 'other';
  return {
    status,
    bodyAt: end + 4,
    bodyLength: Number(length[1]),
    closes: closing.test(head),
    retryAfter: retryAfter.exec(head)?.[1],
  };
}
