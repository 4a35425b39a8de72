import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { newPart, newTask } from '../unit/store/records.ts';

/** Report a line at once: what is only in a buffer when the process is killed was never reported. */
function report(line: string): void {
  writeSync(1, `${line}\n`);
}

/** One of several writers at a time, so that kills also hit transactions that carry more than one task. */
async function write(store: Store, writer: number): Promise<never> {
  for (;;) {
    const parts = [newPart({ nodeTaskUid: 1, status: 'enqueued' }), newPart({ part: 1, nodeId: 'n2' })];
    const task = newTask({ details: 'x'.repeat((writer * 977) % 5_000) });
    const { uid } = await store.createTask(task, parts, [
      { kind: 'putMeta', key: `writer${writer}`, value: String(writer) },
    ]);
    await store.commit([{ kind: 'putMeta', key: `task${uid}`, value: 'acknowledged' }]);
    report(`task ${uid}`);
    if (uid % 5 === 0) report(`id ${await store.nextId('index')}`);
  }
}

const store = await openSqliteStore({ path: process.argv[2] ?? '', synchronous: 'full' });
report('ready');
await Promise.all([0, 1, 2].map((writer) => write(store, writer)));
