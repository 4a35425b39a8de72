import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { ClusterView } from '../placement/view.ts';
import type { Store } from '../store/store.ts';
import { type Clock, rfc3339 } from './clock.ts';

/** What pruning the nodes' tasks is built from. */
export interface NodePruningOptions {
  store: Pick<Store, 'disposableNodeTasks' | 'commit'>;
  view: Pick<ClusterView, 'groups' | 'nodes' | 'up'>;
  clients: { get(nodeId: string): NodeClient | undefined };
  /** Milliseconds that a node keeps a task after its task at Miroir has ended. */
  retentionMs: number;
  now: Clock;
  log: Logger;
  /** Milliseconds between two looks, and between two deletions at one node. */
  pauseMs?: number;
  /** Fewer are left for later: every deletion is a task of the node, too. */
  atLeast?: number;
}

/** Deletes ended tasks at the nodes, so that their task databases never fill. */
export interface NodePruning {
  start(): void;
  stop(): Promise<void>;
}

const defaultPauseMs = 5_000;
const defaultAtLeast = 100;
/** Tasks deleted by one request; their uids make its path. */
const atMost = 1_000;

/**
 * One pass after the other over the nodes, a bounded deletion at each. Only uids that Miroir recorded are named, and never
 * the newest of a node. A deletion that was not recorded, because of a crash, is repeated and finds nothing.
 */
export function createNodePruning(options: NodePruningOptions): NodePruning {
  const { store, view, clients, log } = options;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;

  async function prune(nodeId: string): Promise<void> {
    const client = clients.get(nodeId);
    if (client === undefined || !view.up(nodeId)) return;
    const before = rfc3339(options.now() - options.retentionMs);
    const uids = await store.disposableNodeTasks(nodeId, before, atMost);
    if (uids.length < (options.atLeast ?? defaultAtLeast)) return;
    const path = `/tasks?uids=${uids.join(',')}`;
    const answer = await client.request({ method: 'DELETE', path, signal: stopping.signal });
    if (answer.status !== 200) throw new Error(`HTTP ${answer.status} ${answer.text.slice(0, 200)}`);
    const { taskUid } = JSON.parse(answer.text) as { taskUid: number };
    await store.commit([
      { kind: 'forgetNodeTasks', nodeId, nodeTaskUids: uids },
      { kind: 'putLeftover', nodeId, nodeTaskUid: taskUid },
    ]);
  }

  async function loop(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      const nodes = view.groups().flatMap((group) => [...view.nodes(group)]);
      const passes = nodes.map((nodeId) =>
        prune(nodeId).catch((error: unknown) => {
          if (!signal.aborted) log.warn({ node: nodeId, err: error }, 'could not delete ended tasks at a node');
        }),
      );
      await Promise.all(passes);
      await sleep(options.pauseMs ?? defaultPauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    start() {
      running ??= loop();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
