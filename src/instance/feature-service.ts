import type { FeatureService } from '../http/services.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { Logger } from '../observability/log.ts';
import type { Store } from '../store/store.ts';
import { checkOffered, type Features, featureOff, featuresKey, nodeFeatures, readFeatures } from './features.ts';

/** What switching features is built from. */
export interface FeatureServiceOptions {
  store: Pick<Store, 'meta' | 'commit'>;
  /** Ids of every node. */
  nodes(): readonly string[];
  up(nodeId: string): boolean;
  clients: { get(nodeId: string): NodeClient | undefined };
  /** Milliseconds a node may take to switch. */
  timeoutMs: number;
  log: Logger;
}

/** The experimental features of all nodes as those of one server. */
export interface FeatureControl extends FeatureService {
  /** Bring every node that is up to the stored features. To be awaited at the start. */
  syncAll(): Promise<void>;
  /** To be called when a node has come up. */
  nodeUp(nodeId: string): void;
  stop(): void;
}

/** Milliseconds until a node that could not be switched is tried again. */
const retryMs = 1_000;

/** Features as the store has them, brought to every node that is up and to the others when they come back. */
export async function createFeatureService(options: FeatureServiceOptions): Promise<FeatureControl> {
  const { store, clients, log } = options;
  let features = readFeatures(await store.meta(featuresKey));
  let updates: Promise<unknown> = Promise.resolve();
  let stopped = false;
  const retries = new Map<string, NodeJS.Timeout>();

  async function send(nodeId: string): Promise<boolean> {
    const body = JSON.stringify(Object.fromEntries(nodeFeatures.map((name) => [name, features[name]])));
    const request = { method: 'PATCH', path: '/experimental-features', body, timeoutMs: options.timeoutMs } as const;
    try {
      const answer = await clients.get(nodeId)?.request(request);
      if (answer?.status === 200) return true;
      log.warn({ node: nodeId, status: answer?.status }, 'node refused its experimental features');
    } catch (error) {
      log.warn({ node: nodeId, err: error }, 'node could not be told its experimental features');
    }
    return false;
  }

  /** A node that is down gets them when it comes up; one that is up but failed is tried again. */
  async function sync(nodeId: string): Promise<void> {
    clearTimeout(retries.get(nodeId));
    retries.delete(nodeId);
    if (stopped || (await send(nodeId)) || stopped || !options.up(nodeId)) return;
    clearTimeout(retries.get(nodeId));
    retries.set(nodeId, setTimeout(() => void sync(nodeId), retryMs).unref());
  }

  async function syncAll(): Promise<void> {
    await Promise.all(options.nodes().map((nodeId) => (options.up(nodeId) ? sync(nodeId) : undefined)));
  }

  async function change(patch: Partial<Features>): Promise<string> {
    const next: Features = { ...features, ...patch };
    await store.commit([{ kind: 'putMeta', key: featuresKey, value: JSON.stringify(next) }]);
    features = next;
    await syncAll();
    return JSON.stringify(features);
  }

  return {
    get: () => JSON.stringify(features),
    current: () => features,
    require(feature, action) {
      if (!features[feature]) throw featureOff(feature, action);
    },
    update(patch) {
      checkOffered(patch);
      const done = updates.then(() => change(patch));
      updates = done.catch(() => undefined);
      return done;
    },
    syncAll,
    nodeUp(nodeId) {
      void sync(nodeId);
    },
    stop() {
      stopped = true;
      for (const timer of retries.values()) clearTimeout(timer);
    },
  };
}
