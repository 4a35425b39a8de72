import { featuresKey } from '../instance/features.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { StoreChange } from '../store/store.ts';
import type { Update } from './messages.ts';

/** A worker as the broadcast sees it. */
export interface Listener {
  send(seq: number, update: Update): void;
  /** It has not confirmed an update for too long, and must not answer any more. */
  late(): void;
}

/** A worker's place among those that are told. */
export interface Membership {
  /** It may answer from now on: until then it is told everything, but nobody waits for it. */
  answers(): void;
  /** It has applied every update up to this one. */
  applied(seq: number): void;
  /** It is gone, and answers nobody. */
  leave(): void;
}

/**
 * Keeps worker processes in step with the main one. What the main process does shows outside by its answers to clients and its
 * requests to nodes; none of them may leave before `settled`, so that no client and no node is ever ahead of a worker: a read
 * that follows an acknowledged write, a deleted key or a moved copy finds every worker knowing of it.
 */
export interface Broadcast {
  send(update: Update): void;
  /** Resolves when every worker that answers has applied, or is gone, all that was sent so far; null when that is so already. */
  settled(): Promise<void> | null;
  join(listener: Listener): Membership;
}

interface Member {
  listener: Listener;
  answers: boolean;
  applied: number;
  /** Runs while it owes a confirmation. */
  timer: NodeJS.Timeout | null;
}

/** The records that reads depend on. */
const readRecords: ReadonlySet<StoreChange['kind']> = new Set([
  'putIndex',
  'deleteIndex',
  'putStale',
  'deleteStale',
  'putLeaving',
  'deleteLeaving',
  'putKey',
  'deleteKey',
  'putTopology',
]);

function mattersToReads(change: StoreChange): boolean {
  return change.kind === 'putMeta' ? change.key === featuresKey : readRecords.has(change.kind);
}

/** A broadcast without listeners; one that answers and owes a confirmation for `patienceMs` is late. */
export function createBroadcast(patienceMs: number): Broadcast {
  const members = new Set<Member>();
  const waiting: { seq: number; resolve: () => void }[] = [];
  let sent = 0;

  const appliedByAll = () => Math.min(sent, ...[...members].map(({ answers, applied }) => (answers ? applied : sent)));

  function release(): void {
    const upTo = appliedByAll();
    while (waiting[0] !== undefined && waiting[0].seq <= upTo) waiting.shift()?.resolve();
  }

  function watch(member: Member): void {
    if (!member.answers || member.timer !== null) return;
    // when this process was held up itself, confirmations that wait come in before the judgement
    const judge = () => setImmediate(() => member.timer === timer && member.listener.late());
    const timer = setTimeout(judge, patienceMs).unref();
    member.timer = timer;
  }

  function unwatch(member: Member): void {
    if (member.timer !== null) clearTimeout(member.timer);
    member.timer = null;
  }

  return {
    send(update) {
      if (members.size === 0) return;
      sent++;
      for (const member of members) {
        member.listener.send(sent, update);
        watch(member);
      }
    },
    settled() {
      if (appliedByAll() === sent) return null;
      return new Promise((resolve) => waiting.push({ seq: sent, resolve }));
    },
    join(listener) {
      const member: Member = { listener, answers: false, applied: sent, timer: null };
      const watchIfOwing = () => {
        if (member.applied < sent && members.has(member)) watch(member);
      };
      members.add(member);
      return {
        answers() {
          member.answers = true;
          watchIfOwing();
        },
        applied(seq) {
          member.applied = Math.max(member.applied, seq);
          unwatch(member);
          watchIfOwing();
          release();
        },
        leave() {
          unwatch(member);
          members.delete(member);
          release();
        },
      };
    },
  };
}

/** Sends what reads depend on of the changes that the store has committed. */
export function broadcastChanges({ send }: Broadcast, changes: readonly StoreChange[]): void {
  const relevant = changes.filter(mattersToReads);
  if (relevant.length > 0) send({ kind: 'changes', changes: relevant });
}

/** A node's client whose requests wait until every worker knows what led to them; GET changes nothing, and probes must not wait. */
export function settledFirst(client: NodeClient, { settled }: Broadcast): NodeClient {
  return {
    ...client,
    async request(request) {
      if (request.method !== 'GET') await settled();
      return client.request(request);
    },
  };
}

/** Copy states whose lag is told to the workers as well; the rest of them follows from the store's changes. */
export function broadcastLag(copies: CopyStates, { send }: Broadcast): CopyStates {
  return {
    ...copies,
    addLag(indexId, nodeId, by) {
      copies.addLag(indexId, nodeId, by);
      send({ kind: 'lag', indexId, nodeId, by });
    },
  };
}
