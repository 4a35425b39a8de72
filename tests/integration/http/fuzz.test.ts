import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RawRequest, send } from '../../support/http.ts';
import { cases } from './cases.ts';
import { startFront } from './front.ts';

let front: Awaited<ReturnType<typeof startFront>>;

beforeAll(async () => {
  front = await startFront('fuzz-test-master-key', { limits: { maxBodyBytes: 100_000 } });
});

afterAll(() => front?.stop());

const routes = [...new Set(cases.map(({ method, path }) => `${method} ${path.split('?', 1)[0]}`))].map((route) => {
  const [method = 'GET', path = '/'] = route.split(' ');
  return { method: method as RawRequest['method'], path };
});
const names = [
  'limit',
  'q',
  'filter',
  'uid',
  'hybrid',
  'vector',
  'embedders',
  'synonyms',
  'ids',
  'sort',
  '__proto__',
  'constructor',
  'toString',
];
const key = fc.oneof(fc.constantFrom(...names), fc.string({ unit: 'binary' }));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, true, 0, -1, 1.5, 1e300, ''),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
  ),
}));
/** JSON, JSON with one byte changed, nesting, or any bytes. */
const body = fc.oneof(
  value.map((v) => Buffer.from(JSON.stringify(v))),
  fc.tuple(value, fc.nat(), fc.nat(255)).map(([v, at, byte]) => {
    const bytes = Buffer.from(JSON.stringify(v));
    bytes[at % bytes.length] = byte;
    return bytes;
  }),
  fc.nat(5_000).map((depth) => Buffer.from('['.repeat(depth))),
  fc.nat(5_000).map((depth) => Buffer.from(`${'{"filter":'.repeat(depth)}1${'}'.repeat(depth)}`)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(Buffer.alloc(150_000, 0x5b)),
);
const query = fc
  .array(fc.tuple(key, fc.string({ unit: 'binary' })), { maxLength: 4 })
  .map((pairs) => pairs.map(([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`).join('&'));
const contentType = fc.constantFrom(
  'application/json',
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'text/plain',
  ';',
  '',
);
const contentEncoding = fc.constantFrom('', '', '', 'gzip', 'br', 'deflate', 'zstd');

it('answers anything in time, never with 500', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...routes),
      query,
      body,
      contentType,
      contentEncoding,
      async (route, search, bytes, type, encoding) => {
        const answer = await send(front, {
          method: route.method,
          path: `${route.path}?${search}`,
          ...(route.method === 'GET' || route.method === 'HEAD' ? {} : { body: bytes }),
          headers: { 'content-type': type, 'content-encoding': encoding },
        });
        expect(answer.status).toBeLessThan(500);
        if (answer.status >= 400 && answer.text !== '')
          expect(Object.keys(JSON.parse(answer.text) as object)).toContain('code');
      },
    ),
    { seed: 1_021, numRuns: 3_000 },
  );
}, 240_000);
