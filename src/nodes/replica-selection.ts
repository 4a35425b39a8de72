import { type ReadEnd, ReadLoad } from './read-load.ts';
import type { Timing } from './timing.ts';

/** How much a node is wanted for a read. */
export interface Standing {
  /** `good` nodes are equals. `slow` ones clearly cost more than another; `suspect` ones may not answer at all. */
  rank: 'good' | 'slow' | 'suspect';
  /** See `ReadLoad.cost`; smaller is better. */
  cost: number;
}

/** Options of `createReplicaSelection`; times in milliseconds. */
export interface ReplicaSelectionOptions {
  timing: Pick<Timing, 'elapsed'>;
  suspect(nodeId: string): boolean;
  /** Whether slow nodes are avoided; suspect ones always are. */
  adaptive: boolean;
  /** By how much a node must be slower than another to be avoided. */
  minDifference: number;
  /** Between two looks at a node that is avoided. */
  probeInterval: number;
  /** Least wait before a read is hedged. */
  minHedgeDelay: number;
}

/** Knows how nodes answer reads, and so which copies to prefer. */
export interface ReplicaSelection {
  /** A read was sent to the node; call the result when it ended. */
  begin(nodeId: string): (result: ReadEnd['result']) => void;
  /** Compares nodes that could answer the same read. */
  standings(nodeIds: readonly string[]): ReadonlyMap<string, Standing>;
  /** How long to wait for the node before another one is asked as well: its 95th percentile. */
  hedgeDelay(nodeId: string): number;
  /** Whether to send the (slow) node a copy of a read to see how it does; true once per interval. */
  probeDue(nodeId: string): boolean;
  /** Whether the node was found slow when it was last compared. */
  avoids(nodeId: string): boolean;
  /** The node came back or left: what it did before says nothing. */
  forget(nodeId: string): void;
}

/** What is known about one node. */
interface Known {
  readonly load: ReadLoad;
  avoided: boolean;
  probedAt: number;
  /** The hedge delay and for how many more reads it stands: sorting times for each read would cost more than it tells. */
  delay: { ms: number; reads: number };
}

/** A node at the moment of a comparison. */
interface Measured {
  nodeId: string;
  node: Known;
  suspect: boolean;
  /** Whether there is something to compare with. */
  comparable: boolean;
  fresh: boolean;
  cost: ReturnType<ReadLoad['cost']>;
}

/** A node is avoided when it costs this many times as much as the best other one, until it costs fewer times as much. */
const avoidAt = 2;
const acceptAt = 1.5;
/** A node can only show others to be slow while its own times are this fresh: older ones were measured on other queries. */
const freshFor = 2_000;
/** How long to wait for a node whose usual times are not known yet. */
const firstHedgeDelay = 200;
const delayStandsFor = 32;

/** Whether a node is clearly worse than the best other. Leaving is harder than staying, so that little changes nothing. */
function clearlyWorse(own: number, bestOther: number, before: boolean, minDifference: number): boolean {
  const [times, difference] = before ? [acceptAt, minDifference / 2] : [avoidAt, minDifference];
  return own > times * bestOther && own - bestOther > difference;
}

/**
 * Adaptive replica selection. Good nodes are deliberately not ordered by cost: who is asked then follows from the query,
 * which spreads queries evenly and lets the pages of one query come from the same copies.
 */
export function createReplicaSelection(options: ReplicaSelectionOptions): ReplicaSelection {
  const { timing, minDifference, probeInterval, minHedgeDelay } = options;
  const nodes = new Map<string, Known>();

  function known(nodeId: string): Known {
    const found = nodes.get(nodeId);
    if (found !== undefined) return found;
    const fresh = { load: new ReadLoad(), avoided: false, probedAt: 0, delay: { ms: firstHedgeDelay, reads: 0 } };
    nodes.set(nodeId, fresh);
    return fresh;
  }

  function measure(nodeId: string, now: number): Measured {
    const node = known(nodeId);
    const { load } = node;
    const suspect = options.suspect(nodeId);
    const fresh = now - load.toldAt <= freshFor;
    return { nodeId, node, suspect, comparable: load.isKnown && !suspect, fresh, cost: load.cost(now) };
  }

  function standing(own: Measured, all: readonly Measured[], now: number): Standing {
    const { node, suspect } = own;
    if (suspect) return { rank: 'suspect', cost: own.cost.now };
    const others = all.filter((other) => other !== own && other.comparable && (node.avoided || other.fresh));
    // a stall of everybody must neither make a node slow nor make a slow one look good
    const held = ({ cost: { now: load, lately } }: Measured) => (node.avoided ? lately : Math.max(load, lately));
    const best = Math.min(...others.map(held));
    const avoid = options.adaptive && clearlyWorse(own.cost.now, best, node.avoided, minDifference);
    if (avoid && !node.avoided) node.probedAt = now;
    node.avoided = avoid;
    return { rank: avoid ? 'slow' : 'good', cost: own.cost.now };
  }

  return {
    begin(nodeId) {
      const { load } = known(nodeId);
      const started = timing.elapsed();
      load.begin(started);
      return (result) => {
        const now = timing.elapsed();
        load.end({ result, ms: now - started }, now);
      };
    },
    standings(nodeIds) {
      const now = timing.elapsed();
      const all = nodeIds.map((id) => measure(id, now));
      return new Map(all.map((own) => [own.nodeId, standing(own, all, now)]));
    },
    hedgeDelay(nodeId) {
      const { delay, load } = known(nodeId);
      if (delay.reads === 0) {
        const usual = load.usualLongest();
        delay.ms = usual ?? firstHedgeDelay;
        delay.reads = usual === null ? 1 : delayStandsFor;
      }
      delay.reads--;
      return Math.max(minHedgeDelay, delay.ms);
    },
    probeDue(nodeId) {
      const node = known(nodeId);
      const now = timing.elapsed();
      if (!node.avoided || now - node.probedAt < probeInterval) return false;
      node.probedAt = now;
      return true;
    },
    avoids: (nodeId) => nodes.get(nodeId)?.avoided ?? false,
    forget: (nodeId) => void nodes.delete(nodeId),
  };
}
