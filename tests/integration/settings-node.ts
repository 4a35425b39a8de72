import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNodeClient, type NodeClient } from '../../src/nodes/client.ts';
import { startLocalNode } from '../../src/nodes/local.ts';

/** A task as the node reports it. */
export interface NodeTask {
  status: string;
  details: Record<string, unknown>;
  error: { message: string; code: string } | null;
}

/** A real node and the few requests that the settings suites make. */
export interface SettingsNode {
  client: NodeClient;
  send(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  /** Send and, when it was accepted, wait for its task. */
  run(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<NodeTask>;
  /** The end of a task. */
  wait(taskUid: number): Promise<NodeTask>;
  stop(): Promise<void>;
}

export interface Answer {
  status: number;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of a real server, checked by the assertions
  json: any;
}

const masterKey = 'settings-suite-master-key';

/** Start a node in a folder of its own. */
export async function startSettingsNode(): Promise<SettingsNode> {
  const directory = await mkdtemp(join(tmpdir(), 'miroir-settings-'));
  const node = await startLocalNode({ id: 'settings', directory, masterKey });
  const client = createNodeClient({ id: 'settings', address: node.address, apiKey: masterKey, timeoutMs: 20_000 });

  const send: SettingsNode['send'] = async (method, path, body) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await client.request({ method, path, ...(text === undefined ? {} : { body: text }) });
    return { status: answer.status, text: answer.text, json: answer.text === '' ? null : JSON.parse(answer.text) };
  };
  const wait: SettingsNode['wait'] = async (taskUid) => {
    for (;;) {
      const task = (await send('GET', `/tasks/${taskUid}`)).json as NodeTask;
      if (task.status !== 'enqueued' && task.status !== 'processing') return task;
      await sleep(5);
    }
  };
  return {
    client,
    send,
    wait,
    async run(method, path, body) {
      const accepted = await send(method, path, body);
      if (accepted.status !== 202) throw new Error(`${method} ${path}: ${accepted.status} ${accepted.text}`);
      return wait(accepted.json.taskUid);
    },
    async stop() {
      await client.close();
      await node.stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
