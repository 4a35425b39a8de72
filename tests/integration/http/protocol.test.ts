import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendJson, waitForTask } from '../../support/http.ts';
import { type Oracle, startOracle } from '../../support/oracle.ts';
import { startFront } from './front.ts';
import { requestText, Wire, type WireAnswer } from './sockets.ts';

/** The same bytes go to one Meilisearch and to Miroir; what comes back over the wire must be of the same kind. */

const started: { oracle?: Oracle; front?: Awaited<ReturnType<typeof startFront>> } = {};
const film = { id: 7, title: 'Die Brücke am Fluss '.repeat(100) };

beforeAll(async () => {
  started.oracle = await startOracle();
  started.front = await startFront(started.oracle.masterKey);
  const { taskUid } = await sendJson<{ taskUid: number }>(started.oracle, 'POST', '/indexes/m/documents', [film]);
  await waitForTask(started.oracle, taskUid);
});

afterAll(async () => {
  await Promise.all([started.oracle?.stop(), started.front?.stop()]);
});

function sides(): [Oracle, Awaited<ReturnType<typeof startFront>>] {
  const { oracle, front } = started;
  if (oracle === undefined || front === undefined) throw new Error('the servers did not start');
  return [oracle, front];
}

const authorization = 'Bearer a-master-key-for-tests-only';
const json = { authorization, 'content-type': 'application/json' };
const documents = 'POST /indexes/m/documents';
const search = 'POST /indexes/m/search';
const health = requestText('GET /health');

/** What must be equal: the services behind Miroir's server answer what they like, but refusals are its own. */
function kind({ status, headers, body }: WireAnswer) {
  const names = ['allow', 'vary', 'content-type', 'access-control-allow-origin', 'access-control-max-age'];
  const told = names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  return {
    status,
    headers: Object.fromEntries(told),
    closes: headers.connection?.toLowerCase() === 'close',
    body: status < 400 ? body.length > 0 : body.toString(),
  };
}

/** Sends pieces, one after the other, and reads so many answers from each side. */
async function exchange(pieces: readonly (string | Buffer)[], answers: number) {
  const [theirs = [], ours = []] = await Promise.all(
    sides().map(async ({ address }) => {
      const wire = new Wire(address);
      try {
        const seen: ReturnType<typeof kind>[] = [];
        for (const piece of pieces) wire.write(piece);
        for (let i = 0; i < answers; i++) seen.push(kind(await wire.answer()));
        return seen;
      } finally {
        wire.abort();
      }
    }),
  );
  return { theirs, ours };
}

async function expectSame(pieces: readonly (string | Buffer)[], answers = 1): Promise<void> {
  const { theirs, ours } = await exchange(pieces, answers);
  expect(ours).toEqual(theirs);
}

describe('methods', () => {
  const origin = { origin: 'http://a.b' };
  it.each([
    ['HEAD /health', {}],
    ['HEAD /indexes/m/search', { authorization }],
    ['HEAD /nope', {}],
    ['OPTIONS /indexes', {}],
    ['OPTIONS /indexes', origin],
    ['OPTIONS /indexes', { ...origin, 'access-control-request-method': 'POST' }],
    ['OPTIONS /nope', { ...origin, 'access-control-request-method': 'no method' }],
    ['OPTIONS /indexes', { ...origin, 'access-control-request-method': '' }],
    ['PUT /health', { 'content-length': '0' }],
    ['TRACE /health', {}],
    ['DELETE /health', origin],
    ['PATCH /indexes/m/search', { authorization }],
    ['GET /health', { connection: 'close' }],
    ['GET /health', { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABkAAQAAP__' }],
  ])('%s %o', (target, headers) => expectSame([requestText(target, headers as Record<string, string>)]));
});

it.each(['nonsense', 'PROPFIND', 'post'])('a page that wants to use %s is refused', async (method) => {
  const { theirs, ours } = await exchange(
    [requestText('OPTIONS /indexes', { 'access-control-request-method': method })],
    1,
  );
  expect([ours[0]?.status, ours[0]?.body]).toEqual([theirs[0]?.status, theirs[0]?.body]);
  expect(ours[0]?.body).toBe('Requested method is not allowed');
});

describe('connections', () => {
  it('answer pipelined requests in their order', async () => {
    const pipeline = [health, requestText('GET /nope'), requestText(search, json, '{"q":1}'), health];
    await expectSame([Buffer.concat(pipeline)], pipeline.length);
  });

  it('stay usable after a refusal whose body nobody read', () =>
    expectSame([requestText('GET /nope', {}, 'x'.repeat(100_000)), health], 2));

  it('take a body in chunks', async () => {
    const head = requestText(documents, { ...json, 'transfer-encoding': 'chunked' });
    await expectSame([head, '5\r\n[{"id\r\n', '5\r\n":1}]\r\n0\r\n\r\n', health], 2);
  });

  it('tell a client that waits for it to go on', async () => {
    const head = { ...json, expect: '100-continue', 'content-length': '10' };
    await expectSame([requestText(documents, head), '[{"id":1}]', health], 3);
  });

  it('take no notice of other expectations', async () => {
    await expectSame([requestText(documents, { ...json, expect: 'the-best' }, '[{"id":1}]'), health], 2);
  });

  it.each([
    ['two lengths', `${documents} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    ['a length that is no number', `${documents} HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n{}`],
    ['a negative length', `${documents} HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n{}`],
    ['a space before the colon', 'GET /health HTTP/1.1\r\nhost : a\r\n\r\n'],
    ['a folded header', 'GET /health HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n'],
    ['a NUL in a header', 'GET /health HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n'],
    ['HTTP/2 without being asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('are ended by %s', (_, bytes) => expectSame([bytes]));
});

describe('compressed bodies', () => {
  const cut = (bytes: Buffer, by: number) => bytes.subarray(0, bytes.length - by);
  const flipped = (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 6 ? byte ^ 1 : byte)));
  const encodings = { gzip: gzipSync, GZIP: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;
  const text = { [documents]: '[{"id":1}]', [search]: '{"q":"Fluss"}' };
  const targets = [documents, search] as const;
  const valid = targets.flatMap((target) =>
    Object.entries(encodings).map(([encoding, pack]) => [target, encoding, pack(text[target] as string)] as const),
  );
  const broken = targets.flatMap((target) => {
    const plain = Buffer.from(text[target] as string);
    return [
      [target, 'gzip', 'no gzip', plain],
      [target, 'gzip', 'cut', cut(gzipSync(plain), 6)],
      [target, 'gzip', 'with a wrong checksum', flipped(gzipSync(plain))],
      [target, 'gzip', 'of nothing', gzipSync('')],
      [target, 'deflate', 'no deflate', plain],
      [target, 'deflate', 'without its frame', deflateRawSync(plain)],
      [target, 'br', 'no brotli', plain],
    ] as const;
  });

  it.each(valid)('%s takes %s', async (target, encoding, body) => {
    await expectSame([requestText(target, { ...json, 'content-encoding': encoding }, body), health], 2);
  });

  it.each(broken)('%s with %s that is %s', async (target, encoding, _, body) => {
    await expectSame([requestText(target, { ...json, 'content-encoding': encoding }, body), health], 2);
  });

  it.each(targets)('%s takes encodings that nobody knows for none', async (target) => {
    await expectSame([requestText(target, { ...json, 'content-encoding': 'zstd' }, text[target] as string)]);
  });
});

describe('compressed answers', () => {
  const decoders = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync } as const;
  const accepted = ['gzip', 'deflate', 'br', 'zstd', 'identity', 'gzip;q=0, br', 'gzip, br;q=0.1', '*', ''];

  it.each(accepted)('Accept-Encoding: %s', async (accept) => {
    const [oracle, front] = sides();
    front.services.documents.get = async () => ({ json: JSON.stringify(film), missingShards: [] });
    const headers = { authorization, ...(accept === '' ? {} : { 'accept-encoding': accept }) };
    const answers = await Promise.all(
      [oracle, front].map(async ({ address }) => {
        const wire = new Wire(address).write(requestText('GET /indexes/m/documents/7', headers));
        const answer = await wire.answer();
        wire.abort();
        return answer;
      }),
    );
    const seen = answers.map((answer) => {
      const encoding = answer.headers['content-encoding'] as keyof typeof decoders | undefined;
      const body = encoding === undefined ? answer.body : decoders[encoding](answer.body);
      return { status: answer.status, vary: answer.headers.vary, encoding, body: JSON.parse(body.toString()) };
    });
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]?.body).toEqual(film);
  });
});
