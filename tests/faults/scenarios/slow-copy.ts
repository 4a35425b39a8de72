import { setTimeout as sleep } from 'node:timers/promises';
import { checkExtraRequests } from '../../invariants/invariants.ts';
import { waitFor } from '../lab.ts';
import { quick, type Scenario } from '../scenario.ts';
import { allSearchRequests, noiseMs, percentile, searchRequests } from './measure.ts';

/** Row 6: one node answers late. */
export const slowCopy: Scenario = {
  name: 'slow-copy',
  faults: 'one node of three answers 500 ms late',
  passes: 'nine of ten reads move away, searches stay fast, the node is used again once healed',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: quick },
  load: { searchers: 6, everyMs: 120 },
  needsQuiet: true,
  async round({ lab, log, searchesBetween, fail }) {
    const node = lab.rng.pick(lab.nodes);
    const searches = () => log.searches.filter(({ kind }) => kind === 'search').length;
    const share = (from: number, to: number, ofAll: number) => (to - from) / Math.max(1, ofAll);
    await sleep(2_000);
    const calm = { node: searchRequests(node), all: allSearchRequests(lab), searches: searches() };
    const usual = share(0, calm.node, calm.all);
    const usualP99 = percentile(log.searches, 0.99);
    lab.note(`${node.id} answers 500 ms late; it had ${(usual * 100).toFixed(0)} % of the reads`);
    node.proxy.set({ latencyMs: 500, jitterMs: 50 });
    await sleep(5_000);
    const settled = { node: searchRequests(node), all: allSearchRequests(lab), at: performance.now() };
    await sleep(4_000);
    const moved = share(settled.node, searchRequests(node), allSearchRequests(lab) - settled.all);
    if (moved > usual * 0.1) fail(`${node.id} still gets ${(moved * 100).toFixed(0)} % of the reads`);
    const p99 = percentile(searchesBetween(settled.at, performance.now()), 0.99);
    if (p99 > usualP99 * 1.3 + noiseMs) fail(`p99 is ${p99.toFixed(0)} ms, ${usualP99.toFixed(0)} ms before`);
    const needed = ((searches() - calm.searches) * calm.all) / Math.max(1, calm.searches);
    for (const text of checkExtraRequests(allSearchRequests(lab) - calm.all, needed, 0.1)) fail(text);
    node.proxy.heal();
    const healed = searchRequests(node);
    lab.note(`healed; it had ${(moved * 100).toFixed(0)} % of the reads, p99 ${p99.toFixed(0)} ms`);
    const used = await waitFor(async () => searchRequests(node) - healed >= 5, 30_000);
    if (!used) fail(`${node.id} is not used again after it healed`);
  },
};
