import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalNode, startLocalNode } from '../../../src/nodes/local.ts';
import { type RawRequest, type Server, send, sendJson } from '../../support/http.ts';
import { cases } from './cases.ts';
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
/** What the search and the filter parser refuse, not the routes. */
const elsewhere =
  /^(?:Invalid syntax for the filter parameter|Was expecting|Index `|Cannot find embedder|Sending an empty filter)/;

function acceptedByNode({ status, text }: Seen): boolean {
  if (status < 300) return true;
  if (text === '') return false;
  const { code, message } = JSON.parse(text) as { code: string; message: string };
  return beyond.has(code) || elsewhere.test(message);
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
