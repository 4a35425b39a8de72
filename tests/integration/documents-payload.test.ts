import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isGeoChecked } from '../../src/documents/checks.ts';
import { documentEmbedders } from '../../src/documents/judge-batch.ts';
import { parsePayload } from '../../src/documents/payload.ts';
import { prepareBatch } from '../../src/documents/prepare-batch.ts';
import { atOnce } from '../../src/documents/turns.ts';
import { ApiError } from '../../src/errors/api-error.ts';
import { readJsonBody } from '../../src/json/body.ts';
import type { LocalNode } from '../../src/nodes/local.ts';
import { masterKey, startGuardedNode, temporaryFolder } from '../support/processes.ts';
import { type Batch, batches, csvBodies, jsonBodies, ndjsonBodies } from './documents-payload-cases.ts';

/** Sends payloads to a real node and compares its answer and its task's outcome with what is predicted here. */

type Format = 'json' | 'ndjson' | 'csv';
interface Answer {
  status: number;
  body: { code?: string; message?: string; taskUid?: number; uid?: number; status?: string; [key: string]: unknown };
}
interface Task {
  status: string;
  error: { code: string; message: string } | null;
  details: { receivedDocuments: number; indexedDocuments: number };
}

const contentTypes = { json: 'application/json', ndjson: 'application/x-ndjson', csv: 'text/csv' };
let node: LocalNode;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let indexes = 0;

beforeAll(async () => {
  folder = await temporaryFolder('payload');
  node = await startGuardedNode('payload', join(folder.path, 'node'));
});
afterAll(async () => {
  await node?.stop();
  await folder?.remove();
});

async function ask(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH',
  path: string,
  body?: string | Buffer,
  type = contentTypes.json,
): Promise<Answer> {
  const response = await request(node.address + path, {
    method,
    headers: {
      authorization: `Bearer ${masterKey}`,
      'accept-encoding': 'identity',
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    body: body ?? null,
    // The node may answer without reading the body, and then its connection is of no more use.
    reset: true,
  });
  return { status: response.statusCode, body: (await response.body.json()) as Answer['body'] };
}

async function ended(uid: number): Promise<Task> {
  for (;;) {
    const task = (await ask('GET', `/tasks/${uid}`)).body as unknown as Task;
    if (['succeeded', 'failed', 'canceled'].includes(task.status)) return task;
    await sleep(10);
  }
}

const freshIndex = (): string => `p${indexes++}`;
const shown = (error: unknown): string => {
  if (!(error instanceof ApiError)) throw error;
  return `${error.status} ${error.code}: ${error.message}`;
};

function predictParse(format: Format, body: Buffer): string {
  try {
    return `${atOnce(parsePayload({ format, body, csvDelimiter: null })).documents.length} documents`;
  } catch (error) {
    return shown(error);
  }
}

async function observeParse(format: Format, body: Buffer, index: string): Promise<string> {
  const { status, body: answer } = await ask(
    'POST',
    `/indexes/${index}/documents?primaryKey=id`,
    body,
    contentTypes[format],
  );
  if (status !== 202) return `${status} ${answer.code}: ${answer.message}`;
  const task = await ask('GET', `/tasks/${answer.taskUid}`);
  return `${(task.body as unknown as Task).details.receivedDocuments} documents`;
}

function predictSearch(body: Buffer): string {
  try {
    readJsonBody(body);
    return 'readable';
  } catch (error) {
    return shown(error);
  }
}

async function observeSearch(body: Buffer, index: string): Promise<string> {
  const { status, body: answer } = await ask('POST', `/indexes/${index}/search`, body);
  const unreadable = answer.code === 'malformed_payload' || answer.code === 'missing_payload';
  return unreadable ? `${status} ${answer.code}: ${answer.message}` : 'readable';
}

function predictBatch(batch: Batch, index: string): string {
  const format = batch.format ?? 'json';
  try {
    const { documents } = atOnce(parsePayload({ format, body: Buffer.from(batch.body), csvDelimiter: null }));
    const result = atOnce(
      prepareBatch({
        documents,
        primaryKey: null,
        requestedPrimaryKey: batch.primaryKey ?? null,
        geoEnabled: isGeoChecked(batch.settings ?? {}),
        embedders: documentEmbedders(batch.settings ?? {}),
        stored: { has: () => false, regenerates: () => false },
        indexUid: index,
        mode: batch.method === 'PUT' ? 'update' : 'replace',
        format,
      }),
    );
    return result.ok
      ? `succeeded ${result.received}/${result.distinctIds} key ${result.primaryKey}`
      : `failed ${result.error.code}: ${result.error.message} ${documents.length}/0 key ${result.primaryKeyAfter}`;
  } catch (error) {
    return shown(error);
  }
}

async function observeBatch(batch: Batch, index: string): Promise<string> {
  if (batch.settings !== undefined) {
    const change = await ask('PATCH', `/indexes/${index}/settings`, JSON.stringify(batch.settings));
    await ended(change.body.taskUid ?? -1);
  }
  const query = batch.primaryKey === undefined ? '' : `?primaryKey=${encodeURIComponent(batch.primaryKey)}`;
  const path = `/indexes/${index}/documents${query}`;
  const answer = await ask(batch.method ?? 'POST', path, batch.body, contentTypes[batch.format ?? 'json']);
  if (answer.status !== 202) return `${answer.status} ${answer.body.code}: ${answer.body.message}`;
  const task = await ended(answer.body.taskUid ?? -1);
  const error = task.error === null ? '' : ` ${task.error.code}: ${task.error.message}`;
  const key = (await ask('GET', `/indexes/${index}`)).body.primaryKey as string | null;
  return `${task.status}${error} ${task.details.receivedDocuments}/${task.details.indexedDocuments} key ${key}`;
}

async function compareParse(format: Format, bodies: readonly (string | Buffer)[]): Promise<void> {
  const index = freshIndex();
  for (const text of bodies) {
    const body = Buffer.from(text as string);
    const context = JSON.stringify(body.toString('latin1')).slice(0, 200);
    expect([context, predictParse(format, body)]).toEqual([context, await observeParse(format, body, index)]);
  }
}

async function compareSearch(bodies: readonly (string | Buffer)[]): Promise<void> {
  const index = freshIndex();
  for (const text of bodies) {
    const body = Buffer.from(text as string);
    const context = JSON.stringify(body.toString('latin1')).slice(0, 200);
    expect([context, predictSearch(body)]).toEqual([context, await observeSearch(body, index)]);
  }
}

/** Several at a time: a node takes its tasks one after the other, but the waiting adds up. */
async function compareBatches(all: readonly Batch[]): Promise<void> {
  const atOnce = 16;
  for (let i = 0; i < all.length; i += atOnce) {
    const some = all.slice(i, i + atOnce).map((batch) => ({ batch, index: freshIndex() }));
    const observed = await Promise.all(some.map(({ batch, index }) => observeBatch(batch, index)));
    const context = some.map(({ batch }) => JSON.stringify(batch).slice(0, 300));
    const predicted = some.map(({ batch, index }) => predictBatch(batch, index));
    expect(predicted.map((text, n) => [context[n], text])).toEqual(observed.map((text, n) => [context[n], text]));
  }
}

/** Valid bodies broken in one place, so that each place where a parser can stumble comes up. */
const brokenBody = fc
  .tuple(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom(0, 1),
    fc.nat(1_000),
    fc.constantFrom(
      '',
      ',',
      ':',
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      'e',
      '-',
      '.',
      '0',
      '\n',
      '\u0001',
      'x',
      '\\ud800',
      'é',
      ' ',
    ),
    fc.boolean(),
  )
  .map(([value, indent, place, insert, replace]) => {
    const text = JSON.stringify([{ id: 1, value }, { id: 2 }], null, indent);
    const at = place % (text.length + 1);
    return text.slice(0, at) + insert + text.slice(replace ? at + 1 : at);
  });

describe('payloads, against a real node', () => {
  it('reads or refuses JSON alike', () => compareParse('json', jsonBodies));
  it('reads or refuses NDJSON alike', () => compareParse('ndjson', ndjsonBodies));
  it('reads or refuses CSV alike', () => compareParse('csv', csvBodies));
  it('reads or refuses other bodies alike', () => compareSearch(jsonBodies));

  it('reads or refuses generated bodies alike, on every route', async () => {
    const bodies = fc.sample(brokenBody, { seed: 11, numRuns: 250 });
    await compareParse('json', bodies);
    await compareSearch(bodies);
    await compareParse(
      'ndjson',
      bodies.slice(0, 100).map((body) => body.slice(1)),
    );
  });

  it('writes CSV cells as the server does', async () => {
    const csv = [
      'id,a:number,b:boolean,c,c,d:string',
      '1, 5 ,true,x,y,z',
      '2,1e3, false ,,,',
      '3,1.0,,"a ""q""\nb",é,"" ',
      '4,18446744073709551616,,,,\u0000',
      '5,-0,,,,',
      '6,+5,,,,',
      '7,1e999,,,,',
      '8,.5,,,,',
      '9,inf,,,,',
      '10,1e-7,,,,',
    ].join('\r\n');
    const index = freshIndex();
    const answer = await ask('POST', `/indexes/${index}/documents?primaryKey=id`, csv, contentTypes.csv);
    expect((await ended(answer.body.taskUid ?? -1)).status).toBe('succeeded');
    const stored = (await ask('GET', `/indexes/${index}/documents?limit=100`)).body.results;
    const { documents } = atOnce(parsePayload({ format: 'csv', body: Buffer.from(csv), csvDelimiter: null }));
    expect(documents.map((document) => JSON.parse(document) as unknown)).toEqual(stored);
  });
});

describe('batches, against a real node', () => {
  it('foretells outcome, error, details and primary key', () => compareBatches(batches), 240_000);

  it('foretells generated batches with embeddings', async () => {
    const number = fc.constantFrom(1, 0.5, -2, 1e3);
    const odd = fc.constantFrom<unknown>('a', null, true, {}, [], [1], 3, -1, 1.5);
    const embedding = fc.oneof(
      { weight: 3, arbitrary: fc.array(number, { minLength: 2, maxLength: 2 }) },
      fc.array(number, { maxLength: 3 }),
    );
    const list = fc.array(fc.oneof({ weight: 8, arbitrary: embedding }, odd), { maxLength: 3 });
    const mixed = fc.array(fc.oneof({ weight: 6, arbitrary: number }, odd), { maxLength: 3 });
    const value = fc.oneof({ weight: 4, arbitrary: embedding }, list, mixed, fc.constant(null));
    const object = fc.record(
      { embeddings: fc.oneof(value, odd), regenerate: fc.constantFrom<unknown>(true, false, 1) },
      { requiredKeys: [] },
    );
    const entry = fc.oneof({ weight: 4, arbitrary: value }, object, odd);
    const vectors = fc.oneof(
      { weight: 6, arbitrary: fc.record({ m: entry }) },
      { weight: 2, arbitrary: fc.record({ m: entry, other: entry }, { requiredKeys: [] }) },
      odd,
    );
    const document = fc.record(
      {
        id: fc.constantFrom(1, 2, 3),
        _vectors: vectors,
        _vector: fc.constant(1),
        _geo: fc.constantFrom<unknown>(null, 5),
      },
      { requiredKeys: ['id'] },
    );
    const batch: fc.Arbitrary<Batch> = fc.record({
      body: fc.array(document, { minLength: 1, maxLength: 4 }).map((documents) => JSON.stringify(documents)),
      primaryKey: fc.constant('id'),
      method: fc.constantFrom('POST', 'PUT'),
      settings: fc.constantFrom(
        { embedders: { m: { source: 'userProvided', dimensions: 2 } } },
        { embedders: { m: { source: 'userProvided', dimensions: 2 } }, sortableAttributes: ['_geo'] },
      ),
    });
    await compareBatches(fc.sample(batch, { seed: 13, numRuns: 64 }));
  }, 240_000);

  it('foretells generated batches', async () => {
    const id = fc.constantFrom<unknown>(
      1,
      2,
      '1',
      'a',
      'b-c',
      'a b',
      '',
      null,
      1.5,
      -3,
      true,
      [1],
      { a: 1 },
      2 ** 53 + 2,
    );
    const document = fc.record(
      {
        id,
        nested: fc.record({ id }),
        'nested.id': id,
        name: fc.string(),
        _geo: fc.constantFrom<unknown>(null, 5, { lat: 1 }),
      },
      { requiredKeys: [] },
    );
    const batch: fc.Arbitrary<Batch> = fc.record({
      body: fc.array(document, { maxLength: 4 }).map((documents) => JSON.stringify(documents)),
      primaryKey: fc.constantFrom(undefined, 'id', 'nested.id', 'name'),
      method: fc.constantFrom('POST', 'PUT'),
      settings: fc.constantFrom(undefined, { sortableAttributes: ['_geo'] }),
    });
    await compareBatches(fc.sample(batch, { seed: 12, numRuns: 80 }));
  }, 240_000);
});
