import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab, LabNode } from '../lab.ts';
import type { SearchRecord } from '../run-log.ts';

/** Searches that a node has been sent so far. */
export function searchRequests(node: LabNode): number {
  let count = 0;
  for (const [line, times] of node.proxy.requests) if (/^POST \/indexes\/[^/]+\/search$/.test(line)) count += times;
  return count;
}

/** Searches that all nodes have been sent so far. */
export function allSearchRequests(lab: Lab): number {
  return lab.nodes.reduce((sum, node) => sum + searchRequests(node), 0);
}

/** Document writes that a node has been sent so far. */
export function writeRequests(node: LabNode): number {
  let count = 0;
  for (const [line, times] of node.proxy.requests)
    if (/^(POST|PUT) .*\/documents(\/delete.*)?$/.test(line)) count += times;
  return count;
}

/** The time that this share of searches stayed below, in ms; 0 when there are none. */
export function percentile(searches: readonly SearchRecord[], share: number): number {
  const times = searches.map(({ ms }) => ms).sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
}

/** Differences below this, in ms, are the machine's, not Miroir's. */
export const noiseMs = 250;

/** Changes of a node's state that Miroir logged so far. */
export function stateChanges(lab: Lab, nodeId: string): number {
  const lines = readFileSync(join(lab.cluster.folder, 'miroir.log'), 'utf8').split('\n');
  return lines.filter((line) => line.includes('"node changed state"') && line.includes(`"node":"${nodeId}"`)).length;
}
