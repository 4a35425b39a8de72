import type { Config } from '../config/schema.ts';
import type { LogLevel } from '../observability/log.ts';
import type { StoreChange } from '../store/store.ts';

/** Something that a worker has to know to answer reads. */
export type Update =
  /** Committed to the store. */
  | { kind: 'changes'; changes: readonly StoreChange[] }
  /** See `CopyStates.addLag`. */
  | { kind: 'lag'; indexId: number; nodeId: string; by: 1 | -1 }
  | { kind: 'node'; nodeId: string; up: boolean; suspect: boolean }
  | { kind: 'logLevel'; level: LogLevel }
  /** Nothing new: shows whether the worker still confirms what it is told. */
  | { kind: 'ping' };

/** What a worker saw since it last told: requests to nodes, and how long searches took. */
export interface Sightings {
  /** Requests that were answered, by node. */
  answered: Record<string, number>;
  failures: {
    nodeId: string;
    durationMs: number;
    error: { kind: 'refused' | 'timeout' | 'broken' | 'aborted'; message: string };
  }[];
  /** Milliseconds of complete searches. */
  searchMs: number[];
  /** Nodes that it avoids because they are slow. */
  avoided: string[];
}

/** From the main process to a worker. */
export type ToWorker =
  /** The first message: how to serve, where the main process listens, what to log to (null: standard output), and all there is to know. */
  | { kind: 'begin'; config: Config; socketPath: string; logFile: string | null; updates: readonly Update[] }
  /** Answers to writes wait for it from now on, so that it may take requests. */
  | { kind: 'serve' }
  /** `seq` grows with each. */
  | { kind: 'update'; seq: number; update: Update }
  | { kind: 'measure'; id: number }
  | { kind: 'stop' };

/** From a worker to the main process. */
export type FromWorker =
  /** It listens for messages. */
  | { kind: 'hello' }
  /** It could take requests. */
  | { kind: 'ready' }
  | { kind: 'serving'; url: string }
  | { kind: 'failed'; error: { message: string; code?: string; address?: string; port?: number } }
  /** Every update up to this one shows in its answers. */
  | { kind: 'applied'; seq: number }
  /** Its metrics as prom-client gives them. */
  | { kind: 'measured'; id: number; metrics: object[] }
  | { kind: 'seen'; sightings: Sightings };
