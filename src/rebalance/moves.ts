import type { AdminMove, AdminRebalance } from '../placement/admin-types.ts';
import type { CopyStates } from '../placement/copies.ts';
import type { RepairStatus } from '../repair/scheduler.ts';
import type { IndexRecord } from '../store/records.ts';
import type { DocumentCount } from './progress.ts';
import { createRateMeter, type RateMeter, secondsLeft } from './rate.ts';

/** What following moves is built from. */
export interface MovesOptions {
  copies: Pick<CopyStates, 'stale'>;
  byId(indexId: number): IndexRecord | null;
  /** Repairs under way and waiting. */
  repairs(): readonly RepairStatus[];
  /** Milliseconds by a clock that only goes forward. */
  now(): number;
}

/** How far moves are, in documents. */
export interface Moves {
  /** To be called now and then, so that rates are known. `count` is what the whole rebalance comes down to. */
  look(count: DocumentCount): void;
  describe(count: DocumentCount): Pick<AdminRebalance, 'documents' | 'documentsPerSecond' | 'secondsLeft' | 'moves'>;
}

const windowMs = 15_000;
/** The name of what all moves together have done. */
const together = '';

/** The new copies of one index on one node, filled together. */
interface Filling {
  name: string;
  index: string;
  node: string;
  shards: number[];
  repair: RepairStatus | undefined;
}

function fillings({ copies, byId, repairs }: MovesOptions): Filling[] {
  const found = new Map<string, Filling>();
  const byName = new Map(repairs().map((repair) => [`${repair.indexId}/${repair.nodeId}`, repair]));
  for (const { indexId, nodeId, shard, cause } of copies.stale()) {
    if (cause !== 'moving') continue;
    const name = `${indexId}/${nodeId}`;
    const known = found.get(name);
    if (known !== undefined) known.shards.push(shard);
    else {
      const index = byId(indexId)?.uid ?? String(indexId);
      found.set(name, { name, index, node: nodeId, shards: [shard], repair: byName.get(name) });
    }
  }
  return [...found.values()];
}

/** Documents of the whole rebalance: what ended moves have done and what is under way, of what was expected until it was counted. */
function documentsOf(current: readonly Filling[], { expected, moved }: DocumentCount): AdminRebalance['documents'] {
  const sum = (pick: (repair: RepairStatus) => number) =>
    current.reduce((total, { repair }) => total + (repair === undefined ? 0 : pick(repair)), 0);
  const known = moved + sum(({ documents }) => documents ?? 0);
  const allKnown = current.every(({ repair }) => repair !== undefined && repair.documents !== null);
  return { done: moved + sum(({ settled }) => settled), total: allKnown ? known : Math.max(expected, known) };
}

/** Knows no rates at first. */
export function createMoves(options: MovesOptions): Moves {
  const meters = new Map<string, RateMeter>();

  function note(name: string, count: number): void {
    const meter = meters.get(name) ?? createRateMeter(windowMs);
    meters.set(name, meter);
    meter.note(count, options.now());
  }
  const rateOf = (name: string) => Math.round(meters.get(name)?.perSecond() ?? 0);

  function describeMove({ name, index, node, shards, repair }: Filling): AdminMove {
    const documents = { done: repair?.settled ?? 0, total: repair?.documents ?? null };
    const documentsPerSecond = rateOf(name);
    return {
      index,
      node,
      shards: [...shards].sort((a, b) => a - b),
      phase: repair?.phase ?? 'waiting',
      documents,
      documentsPerSecond,
      secondsLeft: secondsLeft(documents.done, documents.total, documentsPerSecond),
      lastError: repair?.lastError ?? null,
    };
  }

  return {
    look(count) {
      const current = fillings(options);
      const names = new Set([together, ...current.map(({ name }) => name)]);
      for (const name of meters.keys()) if (!names.has(name)) meters.delete(name);
      if (current.length === 0) meters.delete(together);
      else note(together, documentsOf(current, count).done);
      for (const { name, repair } of current) note(name, repair?.settled ?? 0);
    },
    describe(count) {
      const current = fillings(options);
      const documents = documentsOf(current, count);
      const documentsPerSecond = rateOf(together);
      return {
        documents,
        documentsPerSecond,
        secondsLeft: current.length === 0 ? null : secondsLeft(documents.done, documents.total, documentsPerSecond),
        moves: current.map(describeMove),
      };
    },
  };
}
