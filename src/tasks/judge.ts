import type { PartRecord } from '../store/records.ts';

/** What the verdict on a task depends on besides its parts. */
export interface JudgeContext {
  /** The shards whose copies a part writes on its node. */
  shardsOf(part: PartRecord): readonly number[];
  /** Whether the copy is not stale, so that its result means something. */
  inSync(nodeId: string, shard: number): boolean;
  up(nodeId: string): boolean;
}

/** A copy, as node and shards of it. */
export interface Copies {
  nodeId: string;
  shards: number[];
}

/** `waiting`, or how the task ended and which copies did not follow. */
export type Judgement =
  | { state: 'waiting' }
  | {
      state: 'ended';
      status: 'succeeded' | 'failed' | 'canceled';
      /** The part whose error is the task's. */
      failedPart: PartRecord | null;
      /**
       * Copies that failed, missed or cancelled what another in-sync copy of the same shard did: they are stale now. And stale
       * ones that did, or may yet do, what no in-sync copy did.
       */
      diverged: Copies[];
    };

type Outcome = 'open' | 'succeeded' | 'failed' | 'missed' | 'canceled';

const isOpen = (part: PartRecord): boolean =>
  part.status === 'sending' || part.status === 'enqueued' || part.status === 'processing';

/** Parts of `rollback` undo a failed change, those of shadows write what no reader sees; they never decide how the task ended. */
const decides = (part: PartRecord): boolean => part.step !== 'rollback' && part.shadowId === null;

/** One copy's outcome from the parts that write it: the worst counts, an open one means that it is not known yet. */
function combine(parts: readonly PartRecord[]): { outcome: Outcome; part: PartRecord } {
  const missed = parts.find((p) => p.status === 'missed' || p.status === 'unknown');
  if (missed !== undefined) return { outcome: 'missed', part: missed };
  for (const status of ['failed', 'canceled'] as const) {
    const part = parts.find((p) => p.status === status);
    if (part !== undefined) return { outcome: status, part };
  }
  const open = parts.find(isOpen);
  if (open !== undefined) return { outcome: 'open', part: open };
  return { outcome: 'succeeded', part: parts[0]! };
}

/**
 * Whether a copy has no say in how the task ended. It never took it, so it was marked stale where another did, when the task was
 * handed out: if it is in sync, a repair has brought it what the others hold since. What creates an index may be added later.
 */
const wasPassedOver = ({ outcome, part }: { outcome: Outcome; part: PartRecord }): boolean =>
  outcome === 'missed' && part.status === 'missed' && part.nodeTaskUid === null && part.step !== 'create';

/** Parts grouped by node, then by the shard they write. */
function byShard(parts: readonly PartRecord[], context: JudgeContext): Map<number, Map<string, PartRecord[]>> {
  const shards = new Map<number, Map<string, PartRecord[]>>();
  for (const part of parts) {
    for (const shard of context.shardsOf(part)) {
      const nodes = shards.get(shard) ?? new Map<string, PartRecord[]>();
      shards.set(shard, nodes);
      const list = nodes.get(part.nodeId);
      if (list === undefined) nodes.set(part.nodeId, [part]);
      else list.push(part);
    }
  }
  return shards;
}

/**
 * Decides a task from its parts (invariants 1 and 6). A shard succeeded when an in-sync copy of it did; the task
 * succeeded when every shard did. Parts on nodes that are up are always waited for; a node that is down is waited for
 * only where it holds the sole in-sync copy, because what it accepted is safe in its own task queue.
 */
export function judge(allParts: readonly PartRecord[], context: JudgeContext): Judgement {
  const parts = allParts.filter(decides);
  if (allParts.some((part) => isOpen(part) && context.up(part.nodeId))) return { state: 'waiting' };

  const diverged = new Map<string, number[]>();
  const note = (nodeId: string, shard: number) => diverged.set(nodeId, [...(diverged.get(nodeId) ?? []), shard]);
  let bad: { outcome: Outcome; part: PartRecord } | null = null;
  for (const [shard, nodes] of byShard(parts, context)) {
    const all = [...nodes].map(([nodeId, list]) => ({ nodeId, ...combine(list) }));
    const asked = all.filter((copy) => !wasPassedOver(copy));
    const copies = asked.length > 0 ? asked : all;
    const inSync = copies.filter((copy) => context.inSync(copy.nodeId, shard));
    const judged = inSync.length > 0 ? inSync : copies;
    if (judged.some((copy) => copy.outcome === 'succeeded')) {
      for (const copy of copies) {
        if (copy.outcome !== 'succeeded' && copy.outcome !== 'open') note(copy.nodeId, shard);
      }
      continue;
    }
    if (judged.some((copy) => copy.outcome === 'open')) return { state: 'waiting' };
    for (const { nodeId, outcome } of copies) {
      if (outcome === 'succeeded' || outcome === 'open') note(nodeId, shard);
    }
    const worst = judged.find((copy) => copy.outcome === 'failed') ?? judged[0]!;
    if (bad === null || (bad.outcome !== 'failed' && worst.outcome === 'failed')) bad = worst;
    else if (worst.outcome === 'failed' && worst.part.part < bad.part.part) bad = worst;
  }

  const status = bad === null ? 'succeeded' : bad.outcome === 'canceled' ? 'canceled' : 'failed';
  return {
    state: 'ended',
    status,
    failedPart: status === 'failed' ? bad!.part : null,
    diverged: [...diverged].map(([nodeId, shards]) => ({ nodeId, shards })),
  };
}
