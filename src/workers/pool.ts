import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../observability/log.ts';
import type { Broadcast, Membership } from './broadcast.ts';
import { createMeasurements } from './measurements.ts';
import type { FromWorker, Sightings, ToWorker, Update } from './messages.ts';

/** What keeping worker processes is built from. */
export interface WorkerPoolOptions {
  count: number;
  config: Config;
  /** Where the main process listens for what workers forward. */
  socketPath: string;
  /** What workers log to; null for standard output. */
  logFile: string | null;
  broadcast: Broadcast;
  /** All that a new worker has to know, as of now. */
  snapshot(): readonly Update[];
  onSeen(sightings: Sightings): void;
  onRestart(): void;
  log: Logger;
}

/** The worker processes, all listening on the same port. */
export interface WorkerPool {
  /** Where clients connect. */
  readonly url: string;
  /** What workers measured, those that were replaced included, as prom-client gives it. */
  measure(): Promise<object[][]>;
  /** Lets requests under way end, for so long. */
  stop(ms: number): Promise<void>;
}

const entry = fileURLToPath(new URL('./main.js', import.meta.url));
/** Has libuv give the other workers a chance after each connection, else the first to wake takes all that wait. */
const acceptInTurns = { UV_TCP_SINGLE_ACCEPT: '1' };
const restartAfterMs = 1_000;
const pingEveryMs = 1_000;
const measureTimeoutMs = 2_000;
/** Milliseconds that a new worker may take until it could take requests; after that its confirmations show how it is. */
const startTimeoutMs = 60_000;
/** Milliseconds that a worker may take to end beyond what its requests get. */
const exitPatienceMs = 2_000;

/** A worker and who waits for something of it. */
interface Running {
  worker: Worker;
  pid: number | undefined;
  serving: Promise<string>;
  gone: Promise<void>;
  measurements: Map<number, (metrics: object[] | null) => void>;
}

function tell(worker: Worker, message: ToWorker): void {
  // whoever is gone is noticed by its end
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => undefined);
}

/** Starts one worker. When it cannot serve, it is ended, and `serving` rejects with the reason. */
function launch(options: WorkerPoolOptions): Running {
  const { broadcast, config, socketPath, logFile, log } = options;
  const worker = cluster.fork(acceptInTurns);
  const pid = worker.process.pid;
  const measurements: Running['measurements'] = new Map();
  let membership: Membership | null = null;
  const tooLong = setTimeout(() => worker.process.kill('SIGKILL'), startTimeoutMs).unref();

  function begin(): void {
    membership = broadcast.join({
      send: (seq, update) => tell(worker, { kind: 'update', seq, update }),
      late() {
        log.error({ worker: pid }, 'a worker process does not keep up and is ended');
        worker.process.kill('SIGKILL');
      },
    });
    tell(worker, { kind: 'begin', config, socketPath, logFile, updates: options.snapshot() });
  }

  function serve(): void {
    clearTimeout(tooLong);
    membership?.answers();
    tell(worker, { kind: 'serve' });
  }

  const gone = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      clearTimeout(tooLong);
      membership?.leave();
      for (const resolveOne of measurements.values()) resolveOne(null);
      resolve();
    });
  });
  const serving = new Promise<string>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'hello') begin();
      else if (message.kind === 'ready') serve();
      else if (message.kind === 'applied') membership?.applied(message.seq);
      else if (message.kind === 'seen') options.onSeen(message.sightings);
      else if (message.kind === 'measured') measurements.get(message.id)?.(message.metrics);
      else if (message.kind === 'serving') resolve(message.url);
      else {
        reject(Object.assign(new Error(message.error.message), message.error));
        worker.process.kill('SIGKILL');
      }
    });
    void gone.then(() => reject(new Error('a worker process ended while it was starting; its log says why')));
  });
  serving.catch(() => undefined);
  return { worker, pid, serving, gone, measurements };
}

async function measureOne({ worker, measurements }: Running, id: number): Promise<object[] | null> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      measurements.set(id, resolve);
      timer = setTimeout(() => resolve(null), measureTimeoutMs);
      tell(worker, { kind: 'measure', id });
    });
  } finally {
    clearTimeout(timer);
    measurements.delete(id);
  }
}

async function end({ worker, gone }: Running, ms: number): Promise<void> {
  tell(worker, { kind: 'stop' });
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), ms + exitPatienceMs);
  await gone;
  clearTimeout(timer);
}

/** Starts the workers and resolves when all of them serve. One that ends is replaced. */
export async function startWorkerPool(options: WorkerPoolOptions): Promise<WorkerPool> {
  const { count, log } = options;
  // the system hands out connections: none is given to a worker that has just died, or waits for this process
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: entry, args: [], serialization: 'advanced' });
  const running = new Set<Running>();
  const measurements = createMeasurements();
  let stopping = false;
  let measured = 0;

  function start(): Running {
    const started = launch(options);
    running.add(started);
    void started.gone.then(() => {
      running.delete(started);
      measurements.ended(started.worker.id);
      if (stopping) return;
      log.error({ worker: started.pid }, 'a worker process ended and is replaced');
      options.onRestart();
      setTimeout(() => !stopping && replace(), restartAfterMs).unref();
    });
    return started;
  }

  function replace(): void {
    start().serving.catch((error) => {
      if (!stopping) log.error({ err: error }, 'a worker process could not begin to serve');
    });
  }

  const pings = setInterval(() => options.broadcast.send({ kind: 'ping' }), pingEveryMs).unref();

  async function stop(ms: number): Promise<void> {
    stopping = true;
    clearInterval(pings);
    await Promise.all([...running].map((one) => end(one, ms)));
  }

  try {
    const urls = await Promise.all(Array.from({ length: count }, () => start().serving));
    return {
      url: urls[0] as string,
      async measure() {
        const id = ++measured;
        const ask = async (one: Running) => {
          const metrics = await measureOne(one, id);
          if (metrics !== null && running.has(one)) measurements.note(one.worker.id, metrics);
        };
        await Promise.all([...running].map(ask));
        return measurements.all();
      },
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  }
}
