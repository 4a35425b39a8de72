import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalNode, startLocalNode } from '../../../src/nodes/local.ts';
import { type RawRequest, type Server, send, sendJson } from '../../support/http.ts';
import { cases, jsonValues } from './cases.ts';
import { startFront } from './front.ts';

const masterKey = 'requests-test-master-key';
const directory = mkdtempSync(join(tmpdir(), 'miroir-requests-'));
let node: LocalNode;
let front: Awaited<ReturnType<typeof startFront>>;

beforeAll(async () => {
  node = await startLocalNode({ id: 'oracle', directory, masterKey });
  front = await startFront(masterKey);
  await sendJson(node, 'POST', '/indexes', { uid: 'm' });
});

afterAll(async () => {
  await front?.stop();
  await node?.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Seen {
  status: number;
  allow: unknown;
  type: unknown;
  vary: unknown;
  text: string;
}

async function ask(server: Server, request: RawRequest): Promise<Seen> {
  const { status, headers, text } = await send(server, request);
  return { status, allow: headers.allow, type: headers['content-type'], vary: headers.vary, text };
}

/** Codes that only services give: there the request was accepted as far as this layer goes. */
const beyond = new Set([
  'index_not_found',
  'api_key_not_found',
  'document_not_found',
  'task_not_found',
  'batch_not_found',
  'webhook_not_found',
]);
function acceptedByNode({ status, text }: Seen): boolean {
  if (status < 300) return true;
  if (text === '') return false;
  return beyond.has((JSON.parse(text) as { code: string }).code);
}

function show({ method, path, body, headers }: RawRequest): string {
  return `${method} ${path} ${JSON.stringify(headers ?? {})} ${body ?? ''}`;
}

it(`answers ${cases.length} odd requests as the real server does`, async () => {
  const different: unknown[] = [];
  let refused = 0;
  for (const request of cases) {
    const [theirs, ours] = [await ask(node, request), await ask(front, request)];
    if (acceptedByNode(theirs)) {
      if (ours.status >= 300 && !ours.text.includes('miroir_not_supported'))
        different.push([show(request), theirs, ours]);
      continue;
    }
    refused++;
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) different.push([show(request), theirs, ours]);
  }
  if (process.env.DIFFERENCES !== undefined) writeFileSync(process.env.DIFFERENCES, JSON.stringify(different));
  expect(different).toEqual([]);
  expect(refused).toBeGreaterThan(1_000);
}, 300_000);

const names = [
  ...[
    'q',
    'limit',
    'offset',
    'page',
    'hitsPerPage',
    'attributesToRetrieve',
    'hybrid',
    'vector',
    'media',
    'filter',
    'sort',
  ],
  ...[
    'fields',
    'ids',
    'retrieveVectors',
    'primaryKey',
    'uid',
    'createdAt',
    'showRankingScoreDetails',
    'matchingStrategy',
  ],
  ...[
    'rankingRules',
    'stopWords',
    'typoTolerance',
    'faceting',
    'synonyms',
    'searchCutoffMs',
    'locales',
    'distinctAttribute',
  ],
];
/** A known name with a few characters changed, so that suggestions are tried at their limits. */
const nearName = fc
  .tuple(
    fc.constantFrom(...names),
    fc.array(fc.tuple(fc.nat(30), fc.constantFrom('', 'x', 'sE', 'é')), { maxLength: 3 }),
  )
  .map(([name, edits]) =>
    edits.reduce(
      (word, [at, text]) => word.slice(0, at % (word.length + 1)) + text + word.slice((at % (word.length + 1)) + 1),
      name,
    ),
  );
const oddBody = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...names), nearName), fc.constantFrom(...jsonValues)), {
    minLength: 1,
    maxLength: 4,
  })
  .map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`);
const refusing = fc.constantFrom(
  'POST /indexes/b%20d/search',
  'POST /indexes/b%20d/documents/fetch',
  'PATCH /indexes/b%20d',
  'PATCH /indexes/b%20d/settings',
  'PATCH /keys/nope',
);

it('finds the same first fault in bodies with several', async () => {
  await fc.assert(
    fc.asyncProperty(refusing, oddBody, async (route, body) => {
      const [method = 'POST', path = ''] = route.split(' ');
      const request = { method: method as RawRequest['method'], path, body };
      const theirs = await ask(node, request);
      if (!acceptedByNode(theirs)) expect(await ask(front, request)).toEqual(theirs);
    }),
    { seed: 1_021, numRuns: 1_500 },
  );
}, 240_000);
