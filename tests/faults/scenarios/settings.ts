import { setTimeout as sleep } from 'node:timers/promises';
import { send, sendJson, waitForTask } from '../../support/http.ts';
import { indexUid } from '../data.ts';
import type { Lab } from '../lab.ts';
import { quick, type Scenario } from '../scenario.ts';

const path = `/indexes/${indexUid}/settings`;
const settingsRequest = /^PATCH \/indexes\/[^/]+\/settings/;

/** A setting that changes no answer of the workload. */
async function change(lab: Lab, searchCutoffMs: number | null): Promise<'succeeded' | 'failed' | 'refused'> {
  const answer = await send(lab, { method: 'PATCH', path, body: JSON.stringify({ searchCutoffMs }) });
  if (answer.status !== 202) return 'refused';
  const task = await waitForTask(lab, (JSON.parse(answer.text) as { taskUid: number }).taskUid);
  return task.status === 'succeeded' ? 'succeeded' : 'failed';
}

async function current(lab: Lab): Promise<unknown> {
  return (await sendJson<{ searchCutoffMs: unknown }>(lab, 'GET', path)).searchCutoffMs;
}

/** Row 11: one node refuses a settings change. */
export const settingsRefused: Scenario = {
  name: 'settings-refused',
  faults: 'one node of three refuses a settings change',
  passes: 'the change fails and is undone on the others: one fingerprint everywhere',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  async round({ lab, fail }) {
    const node = lab.rng.pick(lab.nodes);
    const body = JSON.stringify({
      message: 'Invalid value at `.searchCutoffMs`: the node does not want it',
      code: 'invalid_settings_search_cutoff_ms',
      type: 'invalid_request',
      link: 'https://docs.meilisearch.com/errors#invalid_settings_search_cutoff_ms',
    });
    const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
    const answer = `${head}\r\nconnection: close\r\n\r\n${body}`;
    // It refuses once: what undoes the change is taken.
    node.proxy.set({ impostor: { request: settingsRequest, answer, once: true } });
    lab.note(`${node.id} refuses settings`);
    const outcome = await change(lab, 1_000 + lab.rng.int(1_000));
    node.proxy.heal();
    if (outcome === 'succeeded') fail('a settings change succeeded although a node refused it');
    if ((await current(lab)) !== null) fail(`the settings are ${await current(lab)} after a change that failed`);
    await sleep(1_000);
  },
};

/** Row 11: one node never answers a settings change. */
export const settingsTimeout: Scenario = {
  name: 'settings-timeout',
  faults: 'one node of three does not answer a settings change',
  passes: 'rolled forward or back, one fingerprint everywhere once quiet',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  async round({ lab, fail }) {
    const node = lab.rng.pick(lab.nodes);
    const wanted = 1_000 + lab.rng.int(1_000);
    node.proxy.set({ impostor: { request: settingsRequest, answer: null } });
    lab.note(`${node.id} does not answer settings`);
    const outcome = await change(lab, wanted);
    node.proxy.heal();
    const now = await current(lab);
    if (now !== (outcome === 'succeeded' ? wanted : null)) fail(`the change ${outcome}, and the setting is ${now}`);
    lab.note(`the change ${outcome}`);
    if ((await change(lab, null)) !== 'succeeded') fail('the settings cannot be changed back');
    await sleep(1_000);
  },
};
