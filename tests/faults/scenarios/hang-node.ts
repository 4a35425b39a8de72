import { setTimeout as sleep } from 'node:timers/promises';
import { checkExtraRequests } from '../../invariants/invariants.ts';
import { waitFor } from '../lab.ts';
import { topologyOf } from '../node-content.ts';
import { quick, type Scenario } from '../scenario.ts';
import { allSearchRequests, noiseMs, percentile, searchRequests } from './measure.ts';

/** Probes that can find a hung node in time. */
const config = { ...quick, health: { interval: '250ms', timeout: '800ms', down_after: 2, up_after: 2 } };

/** How long finding out may take, in ms, where times mean something and where other work goes on. */
const foundInMs = { timed: 3_000, untimed: 15_000 };

/** Row 2: a node accepts connections and answers nothing. */
export const hangNode: Scenario = {
  name: 'hang-node',
  faults: 'SIGSTOP one node of three (accepts, never answers), SIGCONT',
  passes:
    'found out within 3 s; then none is asked of it, they are as fast as before; at most 10 % extra node requests',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config },
  async round({ lab, log, marks, searchesBetween, fail, isTimed }) {
    const node = lab.rng.pick(lab.nodes);
    const searches = () => log.searches.filter(({ kind }) => kind === 'search').length;
    const perSearch = allSearchRequests(lab) / Math.max(1, searches());
    const before = { p99: percentile(log.searches, 0.99), asked: allSearchRequests(lab), searches: searches() };
    lab.note(`pause ${node.id}`);
    const pausedAt = performance.now();
    node.pause();
    const stateOf = async () =>
      (await topologyOf(lab)).groups.flatMap(({ nodes }) => nodes).find(({ id }) => id === node.id)?.state;
    const limitMs = isTimed ? foundInMs.timed : foundInMs.untimed;
    const found = await waitFor(async () => (await stateOf()) !== 'up', limitMs);
    if (!found) fail(`${node.id} hangs and is still used after ${limitMs} ms`);
    const foundAt = performance.now();
    marks.set('foundOutMs', foundAt - pausedAt);
    const askedOfIt = searchRequests(node);
    await sleep(Math.max(4_000, pausedAt + 7_000 - foundAt));
    const more = searchRequests(node) - askedOfIt;
    if (more > 0) fail(`${node.id} hangs, is known to, and was sent ${more} searches`);
    const p99 = percentile(searchesBetween(foundAt, performance.now()), 0.99);
    if (isTimed && p99 > 2 * before.p99 + noiseMs) {
      fail(`p99 of searches is ${p99.toFixed(0)} ms with a hung node, ${before.p99.toFixed(0)} ms before`);
    }
    const needed = (searches() - before.searches) * perSearch;
    for (const text of checkExtraRequests(allSearchRequests(lab) - before.asked, needed, 0.1)) fail(text);
    lab.note(`resume ${node.id}; found out after ${marks.get('foundOutMs')?.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
    node.resume();
    await sleep(2_000);
  },
};
