import { describe, expect, it } from 'vitest';
import { readAnswerHead } from '../../../src/nodes/answer-head.ts';

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;

describe('the head of an answer', () => {
  it('is read as Meilisearch writes it', () => {
    const text = head('HTTP/1.1 200 OK', 'content-length: 12', 'content-type: application/json', 'date: today');
    expect(readAnswerHead(`${text}{"hits":[]}`)).toEqual({
      status: 200,
      bodyAt: text.length,
      bodyLength: 12,
      closes: false,
      retryAfter: undefined,
    });
  });

  it('is read whatever case its names have, with what it says about later', () => {
    const text = head('HTTP/1.1 503 Busy', 'Retry-After: 10', 'Connection: Close', 'Content-Length:0');
    expect(readAnswerHead(text)).toMatchObject({ status: 503, bodyLength: 0, closes: true, retryAfter: '10' });
  });

  it('is waited for until its end, if that may still come', () => {
    const text = head('HTTP/1.1 200 OK', 'content-length: 12');
    for (let length = 0; length < text.length; length++)
      expect(readAnswerHead(text.slice(0, length))).toBe('incomplete');
    expect(readAnswerHead(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`)).toBe('other');
  });

  it('is left to others when the body is framed in any other way', () => {
    for (const lines of [
      ['HTTP/1.1 200 OK', 'transfer-encoding: chunked'],
      ['HTTP/1.1 200 OK', 'content-length: 5', 'Transfer-Encoding: chunked'],
      ['HTTP/1.1 200 OK', 'content-length: 5', 'content-encoding: gzip'],
      ['HTTP/1.1 200 OK', 'content-type: application/json'],
      ['HTTP/1.1 200 OK', 'content-length: five'],
      ['HTTP/1.1 200 OK', 'content-length: 123456789012345'],
      ['HTTP/1.1 200 OK', 'content-length: 5', 'content-length: 6'],
      ['HTTP/1.1 100 Continue', 'content-length: 0'],
      ['HTTP/1.1 204 No Content', 'content-length: 0'],
      ['HTTP/1.0 200 OK', 'content-length: 5'],
      ['220 smtp.example.com'],
    ]) {
      expect(readAnswerHead(head(...lines)), lines.join(', ')).toBe('other');
    }
  });
});
