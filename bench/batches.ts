import { masterKey, type Side } from './canned-miroir.ts';
import type { Cost } from './costs.ts';
import { cpuMilliseconds, peakMegabytes, residentMegabytes } from './cpu.ts';
import { searchesOf, usual } from './hot-path.ts';
import { constant, spreadOf } from './table.ts';

const megabytes = 50;
const batch = `a batch of ${megabytes} MB`;
const headers = { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' };

/** About as many documents as make up the batch, as JSON. */
function batchBody(): string {
  const text = 'a shop window shows every product that visitors may want to see today '.repeat(13);
  const count = Math.floor((megabytes * 1_000_000) / (text.length + 30));
  return JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, title: `Product ${id}`, text })));
}

async function post({ address }: Side, path: string, body: string): Promise<number> {
  const started = performance.now();
  const answer = await fetch(`${address}${path}`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${address} answered ${answer.status} to ${path}`);
  return performance.now() - started;
}

/** Milliseconds until the answer and of processor time, and megabytes more than before, for one large batch. */
async function sendBatch(side: Side, body: string) {
  const [cpu, memory] = [cpuMilliseconds(side.pid), residentMegabytes(side.pid)];
  const ms = await post(side, '/indexes/x/documents', body);
  return { ms, cpuMs: cpuMilliseconds(side.pid) - cpu, megabytes: peakMegabytes(side.pid) - memory };
}

/** The part of the time of a batch for which the slowest of the searches beside it waits. */
async function slowestSearch(side: Side, body: string): Promise<number> {
  const [search] = searchesOf(usual);
  if (search === undefined) return Number.NaN;
  let accepted: number | null = null;
  const writing = post(side, '/indexes/x/documents', body).then((ms) => {
    accepted = ms;
  });
  let slowest = 0;
  while (accepted === null) slowest = Math.max(slowest, await post(side, search.path, search.body));
  await writing;
  return slowest / accepted;
}

/** What a large batch costs Miroirs of one and of two copies, against a proxy that passes it on to one node. */
export async function batchCosts(sides: readonly Side[], passThrough: Side, rounds: number): Promise<Cost[]> {
  const [single, double] = sides;
  if (single === undefined || double === undefined) return [];
  const body = batchBody();
  const ours: Awaited<ReturnType<typeof sendBatch>>[] = [];
  const theirs: typeof ours = [];
  const twice: typeof ours = [];
  const slowest: number[] = [];
  for (let round = 0; round < rounds; round++) {
    theirs.push(await sendBatch(passThrough, body));
    ours.push(await sendBatch(single, body));
    twice.push(await sendBatch(double, body));
    slowest.push(await slowestSearch(single, body));
  }
  const against = (pick: (one: (typeof ours)[number]) => number) =>
    spreadOf(ours.map((one, i) => pick(one) / pick(theirs[i] ?? one)));
  const most = (batches: typeof ours) => constant(Math.max(...batches.map((one) => one.megabytes)) / megabytes);
  return [
    { name: `time to accept ${batch}`, against: 'passing it on', ratio: against(({ ms }) => ms) },
    { name: `CPU for ${batch}`, against: 'passing it on', ratio: against(({ cpuMs }) => cpuMs) },
    { name: `slowest search beside ${batch}`, against: 'time to accept it', ratio: spreadOf(slowest) },
    { name: `most memory for ${batch}`, against: 'its size', ratio: most(ours) },
    { name: `most memory for ${batch}, 2 of each copy`, against: 'its size', ratio: most(twice) },
  ];
}
