import type { NodeClient } from '../nodes/client.ts';
import type { Store } from '../store/store.ts';
import type { ActiveTask, ActiveTasks } from './active.ts';

/** Passes cancellations on to the nodes. */
export interface Canceller {
  /** Ask the nodes to cancel what they hold of the tasks that a cancellation matched; what was asked once is not asked again. */
  pursue(cancellation: ActiveTask): Promise<void>;
}

/** What cancelling is built from. */
export interface CancellerOptions {
  active: ActiveTasks;
  clients: { get(nodeId: string): NodeClient | undefined };
  store: Pick<Store, 'commit'>;
}

/** A canceller for the tasks of this process. Each target's own fate is read back from the nodes, as always. */
export function createCanceller({ active, clients, store }: CancellerOptions): Canceller {
  const asked = new Set<string>();

  /** Node task uids, by node, of the open parts of the targets that have not been asked for yet. */
  function unaskedParts(targets: readonly ActiveTask[]): Map<string, number[]> {
    const byNode = new Map<string, number[]>();
    for (const { parts } of targets) {
      for (const part of parts) {
        const key = `${part.taskUid}/${part.part}`;
        const open = part.status === 'enqueued' || part.status === 'processing';
        if (part.nodeTaskUid === null || !open || asked.has(key)) continue;
        asked.add(key);
        byNode.set(part.nodeId, [...(byNode.get(part.nodeId) ?? []), part.nodeTaskUid]);
      }
    }
    return byNode;
  }

  /** The node's own task of the cancellation is nobody's part; it is noted so that it is deleted some day. */
  async function cancelAt(nodeId: string, uids: readonly number[]): Promise<void> {
    const path = `/tasks/cancel?uids=${uids.join(',')}`;
    const answer = await clients
      .get(nodeId)
      ?.request({ method: 'POST', path })
      .catch(() => undefined);
    if (answer?.status !== 200) return;
    const { taskUid } = JSON.parse(answer.text) as { taskUid: number };
    await store.commit([{ kind: 'putLeftover', nodeId, nodeTaskUid: taskUid }]);
  }

  return {
    async pursue(cancellation) {
      const targets = (cancellation.effect.cancelTasks ?? []).flatMap((uid) => active.get(uid) ?? []);
      for (const target of targets) target.cancelledBy = cancellation.record.uid;
      await Promise.all([...unaskedParts(targets)].map(([nodeId, uids]) => cancelAt(nodeId, uids)));
      if (active.size === 0 || targets.length === 0) asked.clear();
    },
  };
}
