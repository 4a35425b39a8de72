import { setTimeout as sleep } from 'node:timers/promises';
import type { LabNode } from '../lab.ts';
import { quick, type Scenario } from '../scenario.ts';

const http = (status: string, type: string, body: string, length = Buffer.byteLength(body)) =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`;

const html = http('200 OK', 'text/html', '<html><body>Welcome to the hotel network</body></html>');
const brokenJson = http('200 OK', 'application/json', '{"hits":[{"id":"base-1","te');
const cut = http('200 OK', 'application/json', '{"hits":[{"id":"base-1","te', 4_000);
const otherJson = http('200 OK', 'application/json', '{"status":"available"}');
const failure = http('500 Internal Server Error', 'application/json', '{"message":"oops","code":"internal"}');

async function lie(node: LabNode, request: RegExp, answers: readonly string[], eachMs: number): Promise<void> {
  for (const answer of answers) {
    node.proxy.set({ impostor: { request, answer } });
    await sleep(eachMs);
  }
  node.proxy.heal();
}

/** Row 12: a node answers searches with nonsense. */
export const badAnswers: Scenario = {
  name: 'bad-answers',
  faults: 'one node of three answers reads with HTML, cut or foreign JSON, or 500',
  passes: 'nonsense is an error of that node: another copy answers, nothing of it is merged',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  async round({ lab }) {
    const node = lab.rng.pick(lab.nodes);
    lab.note(`${node.id} answers reads with nonsense`);
    const reads = /^(POST \/indexes\/[^/]+\/(search|documents\/fetch)|GET \/indexes\/[^/]+\/documents)/;
    await lie(node, reads, [html, brokenJson, cut, otherJson, failure], 1_200);
    await sleep(500);
  },
};

/** Row 12: a node answers writes with nonsense, so that nobody knows what it did. */
export const badWriteAnswers: Scenario = {
  name: 'bad-write-answers',
  faults: 'one node of three answers writes with HTML, cut JSON, or 500',
  passes: 'the write stands on the other copies, the node is repaired',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  async round({ lab }) {
    const node = lab.rng.pick(lab.nodes);
    lab.note(`${node.id} answers writes with nonsense`);
    await lie(
      node,
      /^(POST|PUT|DELETE) \/indexes\/[^/]+\/documents(?!\/fetch)/,
      [html, brokenJson, cut, failure],
      1_000,
    );
    await sleep(1_000);
  },
};
