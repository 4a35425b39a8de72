import { setTimeout as sleep } from 'node:timers/promises';
import { checkExtraRequests } from '../../invariants/invariants.ts';
import { waitFor } from '../lab.ts';
import { topologyOf } from '../node-content.ts';
import { quick, type Scenario } from '../scenario.ts';
import { allSearchRequests, isQuiet, noiseMs, percentile } from './measure.ts';

/** A slower answer than this, in ms, is a stall where the machine itself is too uneven to say more. */
const stallMs = 1_000;

/** Probes that can find a hung node in time. */
const config = { ...quick, health: { interval: '500ms', timeout: '800ms', down_after: 2, up_after: 2 } };

/** Row 2: a node accepts connections and answers nothing. */
export const hangNode: Scenario = {
  name: 'hang-node',
  faults: 'SIGSTOP one node of three (accepts, never answers), SIGCONT',
  passes: 'found out within 3 s; then searches as fast as before, at most 10 % extra node requests',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config },
  async round({ lab, log, marks, searchesBetween, fail }) {
    const node = lab.rng.pick(lab.nodes);
    const searches = () => log.searches.filter(({ kind }) => kind === 'search').length;
    const perSearch = allSearchRequests(lab) / Math.max(1, searches());
    const before = { p99: percentile(log.searches, 0.99), asked: allSearchRequests(lab), searches: searches() };
    lab.note(`pause ${node.id}`);
    const pausedAt = performance.now();
    node.pause();
    const stateOf = async () =>
      (await topologyOf(lab)).groups.flatMap(({ nodes }) => nodes).find(({ id }) => id === node.id)?.state;
    const found = await waitFor(async () => (await stateOf()) !== 'up', 3_000);
    if (!found) fail(`${node.id} hangs and is still used after 3 s`);
    marks.set('foundOutMs', performance.now() - pausedAt);
    await sleep(Math.max(0, pausedAt + 7_000 - performance.now()));
    const late = searchesBetween(pausedAt + 3_000, performance.now());
    const p99 = percentile(late, 0.99);
    if (p99 > (isQuiet(before.p99) ? 2 * before.p99 + noiseMs : Math.max(2 * before.p99, stallMs))) {
      fail(`p99 of searches is ${p99.toFixed(0)} ms with a hung node, ${before.p99.toFixed(0)} ms before`);
    }
    const needed = (searches() - before.searches) * perSearch;
    for (const text of checkExtraRequests(allSearchRequests(lab) - before.asked, needed, 0.1)) fail(text);
    lab.note(`resume ${node.id}; found out after ${marks.get('foundOutMs')?.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
    node.resume();
    await sleep(2_000);
  },
};
