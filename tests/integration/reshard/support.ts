import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { AdminReshard } from '../../../src/placement/admin-types.ts';
import { type RawRequest, sendJson } from '../../support/http.ts';
import { uid } from '../rebalance/load.ts';
import { askAdmin, type World } from '../rebalance/support.ts';

const path = `/_miroir/indexes/${uid}/reshard`;

/** An admin request about the resharding; its answer, whose status must be `status`. */
async function ask(world: World, method: RawRequest['method'], rest: string, body?: unknown, status = 202) {
  const answer = await askAdmin(world, method, `${path}${rest}`, body);
  expect([answer.status, answer.text]).toEqual([status, answer.text]);
  return JSON.parse(answer.text) as AdminReshard;
}

export const reshardTo = (world: World, shards: number) => ask(world, 'POST', '', { shards });
export const abortReshard = (world: World) => ask(world, 'DELETE', '');
export const rollBack = (world: World) => ask(world, 'POST', '/rollback');
export const finishReshard = (world: World) => ask(world, 'POST', '/finish');
export const reshardStatus = (world: World) => ask(world, 'GET', '', undefined, 200);

/** Resolves with the status once it is as wanted. */
export async function reshardIs(
  world: World,
  wanted: (status: AdminReshard) => boolean,
  timeoutMs = 300_000,
): Promise<AdminReshard> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(50)) {
    const status = await reshardStatus(world).catch((error: Error) => error);
    if (!(status instanceof Error) && wanted(status)) return status;
    if (Date.now() > deadline)
      throw new Error(`still not: ${status instanceof Error ? status : JSON.stringify(status)}`);
  }
}

/** The indexes that each node holds. */
export async function indexesOnNodes(world: World): Promise<string[][]> {
  return Promise.all(
    [...world.nodes.values()].map(async ({ address, masterKey }) => {
      const { results } = await sendJson<{ results: { uid: string }[] }>({ address, masterKey }, 'GET', '/indexes');
      return results.map((index) => index.uid).sort();
    }),
  );
}
