import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { products } from '../support/corpus.ts';
import { send, write } from '../support/http.ts';
import { parseRaw, printRaw } from '../support/raw-json.ts';

const shop = products(1_000, 5);
let cluster: Cluster | undefined;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, replicationFactor: 2, shards: 16 });
});

afterAll(async () => {
  await cluster?.stop();
});

/** How a node itself prints the document: it drops zeros at the end of a fraction and nothing else. */
const asStored = (document: string) =>
  printRaw(parseRaw(document), true).replace(/(?<=[:[,])(-?\d+\.\d*?)0+(?=[,}\]])/g, (_, kept: string) =>
    kept.endsWith('.') ? `${kept}0` : kept,
  );

test('each of 1,000 documents is read back by its id as it was sent', async () => {
  if (cluster === undefined) throw new Error('the cluster did not start');
  const server = cluster;
  await write(server, {
    method: 'POST',
    path: '/indexes/products/documents?primaryKey=id',
    body: `[${shop.documents.join(',')}]`,
  });
  const wrong: string[] = [];
  const queue = [...shop.documents];
  const reader = async () => {
    for (let document = queue.pop(); document !== undefined; document = queue.pop()) {
      const { id } = JSON.parse(document) as { id: number | string };
      const answer = await send(server, { method: 'GET', path: `/indexes/products/documents/${id}` });
      const got = answer.status === 200 ? printRaw(parseRaw(answer.text), true) : `${answer.status} ${answer.text}`;
      if (got !== asStored(document)) wrong.push(`expected ${asStored(document)}\ngot      ${got}`);
    }
  };
  await Promise.all([reader(), reader(), reader(), reader()]);
  expect(wrong).toEqual([]);
});
