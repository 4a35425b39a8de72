import type { Rng } from '../support/rng.ts';
import type { Line } from './network.ts';
import type { SimMiroir } from './sim-miroir.ts';
import type { SimNode } from './sim-node.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What can be broken. */
export interface FaultOptions {
  time: VirtualTime;
  rng: Rng;
  nodes: readonly SimNode[];
  lines: ReadonlyMap<string, Line>;
  /** The Miroir that runs; null while none does. */
  miroir(): SimMiroir | null;
  crashMiroir(): void;
  startMiroir(): Promise<void>;
  note(what: string): void;
}

/** Faults, and what has to be told to them. */
export interface Faults {
  /** A few faults one after the other or over each other, each mended after a while. Resolves when the last one is. */
  run(): Promise<void>;
  /** End what is left of them. */
  heal(): void;
  /** To be called when Miroir has found that a node has another disk than before. */
  diskNoticed(nodeId: string): void;
}

/** Virtual milliseconds: how long faults go on, and how long one lasts. */
export const faultsForMs = 12_000;
const longestFaultMs = 4_000;
/** Within which Miroir looks at the disk of a node that was back before anybody missed it. */
const noticedWithinMs = 12_000;
/** Within which writes that were under way have been answered. */
const answeredWithinMs = 5_000;
const calmWithinMs = 30_000;

/** Builds them. */
export function createFaults(options: FaultOptions): Faults {
  const { time, rng, nodes, lines, note } = options;
  /** The disk that was lost last, until everybody knows. */
  let lost: { node: string; noticed: boolean } | null = null;

  const broken = (line: Line) => line.hung || line.loss > 0;

  /** Whether every copy holds everything, and nothing is on the way that may be with one copy only. */
  function isCalm(): boolean {
    const miroir = options.miroir();
    if (miroir === null || lost !== null || [...lines.values()].some(broken)) return false;
    const sending = [...miroir.engine.active.all()].some(({ record }) => record.phase === 'sending');
    const used = nodes.every(({ id, up }) => up && miroir.view.up(id));
    return used && !sending && miroir.copies.stale().length === 0;
  }

  async function until(condition: () => boolean, withinMs: number): Promise<boolean> {
    for (const end = time.now() + withinMs; !condition(); await time.sleep(25)) if (time.now() >= end) return false;
    return true;
  }

  /** No other node fails over a disk that was lost unnoticed: writes of that moment would have been with that one copy only. */
  const othersMayFail = () => until(() => lost === null, Number.POSITIVE_INFINITY);

  async function crashMiroir(forMs: number): Promise<void> {
    if (options.miroir() === null) return;
    note('Miroir dies');
    options.crashMiroir();
    await time.sleep(forMs);
    await options.startMiroir();
    note('Miroir is back');
  }

  async function crashNode(node: SimNode, forMs: number): Promise<void> {
    await othersMayFail();
    note(`${node.id} dies`);
    node.crash('same');
    await time.sleep(forMs);
    node.start();
    note(`${node.id} is back`);
  }

  /** Copies survive the loss of one disk at a time, and a copy that lacks something is none. */
  async function loseDisk(node: SimNode, forMs: number): Promise<void> {
    const disk = rng.chance(0.5) ? 'empty' : 'backup';
    if (!(await until(isCalm, calmWithinMs))) return;
    const loss = { node: node.id, noticed: false };
    lost = loss;
    note(`${node.id} dies with its disk`);
    node.crash(disk);
    await time.sleep(forMs);
    node.start();
    note(`${node.id} is back with ${disk === 'empty' ? 'an empty' : 'an older'} disk`);
    await until(() => loss.noticed, noticedWithinMs);
    await time.sleep(answeredWithinMs);
    lost = null;
  }

  async function disturb(node: SimNode, what: string, forMs: number, fault: Partial<Line>): Promise<void> {
    await othersMayFail();
    note(`${node.id} ${what}`);
    const line = lines.get(node.id)!;
    Object.assign(line, fault);
    await time.sleep(forMs);
    Object.assign(line, { loss: 0, hung: false });
  }

  async function one(): Promise<void> {
    await time.sleep(rng.int(faultsForMs));
    const forMs = rng.int(longestFaultMs);
    const node = rng.pick(nodes);
    const roll = rng.next();
    if (roll < 0.3) await crashMiroir(forMs / 4);
    else if (roll < 0.5) await crashNode(node, forMs);
    else if (roll < 0.6) await loseDisk(node, forMs);
    else if (roll < 0.8) await disturb(node, 'loses messages', forMs, { loss: 0.3 });
    else await disturb(node, 'hangs', forMs, { hung: true });
  }

  async function backUp(node: SimNode): Promise<void> {
    await time.sleep(rng.int(faultsForMs));
    node.backUp();
  }

  return {
    async run() {
      await Promise.all([...Array.from({ length: 2 + rng.int(4) }, one), ...nodes.map(backUp)]);
    },
    heal() {
      for (const line of lines.values()) Object.assign(line, { loss: 0, hung: false });
      for (const node of nodes) if (!node.up) node.start();
      note('all faults are over');
    },
    diskNoticed(nodeId) {
      note(`Miroir notices the disk of ${nodeId}`);
      if (lost?.node === nodeId) lost.noticed = true;
    },
  };
}
