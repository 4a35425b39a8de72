import type { Logger } from '../observability/log.ts';
import type { AdmissionCheck } from './admission-check.ts';
import { createStopping } from './signals.ts';

/** What letting nodes in is built from. */
export interface AdmissionOptions {
  nodes(): readonly string[];
  health: { up(nodeId: string): boolean };
  check: AdmissionCheck;
  /** Told whenever the node may have begun or ceased to be used. */
  onChange?: (nodeId: string) => void;
  log: Logger;
}

/**
 * Stands between health and the cluster view: a node that answers is used only after it was looked at, because it may have been
 * given another disk while it was away. Until then it takes no writes (they count as missed, at once) and serves no reads.
 */
export interface Admission {
  /** Whether to use the node. */
  up(nodeId: string): boolean;
  /** Whether it answers but is not used yet. */
  recovering(nodeId: string): boolean;
  /** To be called when health says that the node went up or down. */
  changed(nodeId: string): void;
  /** To be called when the node was found to have another disk than before, however it still looks. */
  otherDisk(nodeId: string): void;
  /** Looks at every node that answers; resolves when each was let in, or after a bounded time. */
  start(): Promise<void>;
  stop(): void;
}

const retryMs = 1_000;
/** Milliseconds between two looks at the disk of a node in use: it may have been exchanged between two probes. */
const diskEveryMs = 10_000;
const startPatienceMs = 15_000;

/** Nobody is let in at first. */
export function createAdmission({ nodes, health, check, onChange, log }: AdmissionOptions): Admission {
  const admitted = new Set<string>();
  const running = new Map<string, Promise<void>>();
  /** How often each node went down: a look that began before is worth nothing. */
  const falls = new Map<string, number>();
  /** Nodes that are known to have another disk. */
  const exchanged = new Set<string>();
  const stopping = createStopping();
  const timers = new Set<NodeJS.Timeout>();
  let watch: NodeJS.Timeout | null = null;

  function later(nodeId: string): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void look(nodeId);
    }, retryMs);
    timer.unref();
    timers.add(timer);
  }

  async function tryOnce(nodeId: string): Promise<void> {
    const before = falls.get(nodeId);
    try {
      await stopping.run((signal) => check.admit(nodeId, exchanged.has(nodeId), signal));
      if (falls.get(nodeId) !== before) return later(nodeId);
      exchanged.delete(nodeId);
      admitted.add(nodeId);
      onChange?.(nodeId);
      log.info({ node: nodeId }, 'node is used');
    } catch (error) {
      if (stopping.stopped) return;
      log.warn({ node: nodeId, reason: (error as Error).message }, 'node answers but cannot be used yet');
      later(nodeId);
    }
  }

  function look(nodeId: string): Promise<void> {
    const under = running.get(nodeId);
    if (under !== undefined) return under;
    if (stopping.stopped || admitted.has(nodeId) || !health.up(nodeId)) return Promise.resolve();
    const looking = tryOnce(nodeId).finally(() => {
      running.delete(nodeId);
    });
    running.set(nodeId, looking);
    return looking;
  }

  /** The node is not used until a look that begins from now on has let it in. */
  function shutOut(nodeId: string): void {
    falls.set(nodeId, (falls.get(nodeId) ?? 0) + 1);
    admitted.delete(nodeId);
    onChange?.(nodeId);
  }

  async function watchDisk(nodeId: string): Promise<void> {
    const verdict = await stopping.run((signal) => check.disk(nodeId, signal)).catch(() => 'same');
    if (verdict === 'same' || !admitted.delete(nodeId)) return;
    onChange?.(nodeId);
    await look(nodeId);
  }

  return {
    up: (nodeId) => admitted.has(nodeId) && health.up(nodeId),
    recovering: (nodeId) => health.up(nodeId) && !admitted.has(nodeId),
    changed(nodeId) {
      if (!health.up(nodeId)) {
        shutOut(nodeId);
        return;
      }
      onChange?.(nodeId);
      void look(nodeId);
    },
    otherDisk(nodeId) {
      exchanged.add(nodeId);
      shutOut(nodeId);
      void look(nodeId);
    },
    async start() {
      watch = setInterval(() => {
        for (const nodeId of admitted) void watchDisk(nodeId);
      }, diskEveryMs);
      const patience = new Promise<void>((resolve) => setTimeout(resolve, startPatienceMs).unref());
      await Promise.race([patience, Promise.all(nodes().map(look))]);
    },
    stop() {
      stopping.stop();
      if (watch !== null) clearInterval(watch);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
