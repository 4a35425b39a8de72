import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminReshard } from '../../placement/admin-types.ts';
import type { AdminClient, ReshardRequest } from '../client.ts';
import { exitCodes } from '../errors.ts';
import { counted, type Output } from '../output.ts';
import type { ProgressBar } from '../progress.ts';

const pollMs = 500;

const isUnderWay = ({ state }: AdminReshard): boolean => state === 'preparing' || state === 'filling';

function headline(status: AdminReshard): string {
  const { index, state, shards, otherShards, step, rollback } = status;
  const here = `${index}: ${counted(shards, 'shard')}`;
  if (state === 'idle') return `${here}, no resharding`;
  if (state === 'kept') return `${here}; the layout with ${otherShards} is kept until ${status.keptUntil}`;
  if (state === 'dropping') return `${here}; the layout with ${otherShards} is being deleted`;
  return `${here}, ${rollback ? 'going back' : 'on the way'} to ${otherShards}: ${step ?? 'waiting'}`;
}

function describe(status: AdminReshard): string {
  return status.error === null ? headline(status) : `${headline(status)}\n  ! ${status.error}; it is tried again`;
}

/** A bar until the layouts have been switched, or the resharding was given up. */
async function watched(client: AdminClient, index: string, bar: ProgressBar): Promise<Output> {
  const started = await client.reshard(index);
  let status = started;
  while (isUnderWay(status)) {
    const { step, error, documents } = status;
    const label = error === null ? (step ?? 'waiting') : `${step ?? 'waiting'} (${error})`;
    bar.update({ label, ...documents, format: (value) => counted(value, 'document') });
    await sleep(pollMs);
    status = await client.reshard(index);
  }
  bar.end();
  const switched = !isUnderWay(started) || status.shards === started.otherShards;
  return { data: status, text: describe(status), exitCode: switched ? exitCodes.ok : exitCodes.failed };
}

/** `miroir-ctl reshard INDEX --shards N`; with `watch`, until readers see the new layout. Also `rollback`. */
export async function beginReshard(
  client: AdminClient,
  index: string,
  request: ReshardRequest,
  watch: boolean,
  bar: ProgressBar,
): Promise<Output> {
  const status = await client.turnReshard(index, request);
  if (watch) return watched(client, index, bar);
  return { data: status, text: `${describe(status)}; see miroir-ctl reshard status ${index} --watch` };
}

/** `miroir-ctl reshard status INDEX`; with `watch`, a bar until it is switched. */
export async function reshardStatus(client: AdminClient, index: string, watch: boolean, bar: ProgressBar) {
  if (watch) return watched(client, index, bar);
  const status = await client.reshard(index);
  return { data: status, text: describe(status) };
}

/** `miroir-ctl reshard abort | finish INDEX`. */
export async function endReshard(client: AdminClient, index: string, request: ReshardRequest): Promise<Output> {
  const status = await client.turnReshard(index, request);
  return { data: status, text: describe(status) };
}
