import { startWorker } from '../wiring/worker.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** The program of a worker process; `pool.ts` starts it and tells it everything. */

// a terminal sends its signals to every process, but only the main one may decide when a worker stops
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function fail(error: Error & { code?: string; address?: string; port?: number }): void {
  const { message, code, address, port } = error;
  const system = Object.entries({ code, address, port }).filter(([, value]) => value !== undefined);
  tell({ kind: 'failed', error: { message, ...Object.fromEntries(system) } });
}

process.once('message', (first: ToWorker) => {
  if (first.kind !== 'begin') return;
  const worker = startWorker(first, tell);
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'update') worker.update(message);
    else if (message.kind === 'serve') worker.serve().then((url) => tell({ kind: 'serving', url }), fail);
    else if (message.kind === 'measure')
      void worker.measure().then((metrics) => tell({ kind: 'measured', id: message.id, metrics }));
    else if (message.kind === 'stop') void worker.stop().finally(() => process.exit(0));
  });
  worker.ready.then(() => tell({ kind: 'ready' }), fail);
});
tell({ kind: 'hello' });
