import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { startCluster } from '../../support/cluster.ts';
import { sendJson } from '../../support/http.ts';
import { startTarget } from './export-target.ts';
import { ended, run } from './support.ts';

/** Exports through SIGKILL. Runs what `npm run build` made. */
const built = existsSync(join(import.meta.dirname, '../../../dist/main.js'));

let undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  undo = [];
});

const count = 600;

describe.skipIf(!built)('Miroir killed while it exports', () => {
  test('goes on behind the last payload, with the documents of the moment when it began', async () => {
    const health = { interval: '200ms', timeout: '1s', down_after: 2, up_after: 1 };
    const cluster = await startCluster({ nodes: 2, shards: 8, miroir: 'child', config: { health } });
    undo.push(() => cluster.stop());
    const target = await startTarget(30);
    undo.push(() => target.stop());
    const documents = Array.from({ length: count }, (_, id) => ({ id, text: 'x'.repeat(400) }));
    await run(cluster, 'POST', '/indexes/big/documents', documents);
    const request = { url: target.url, payloadSize: '4 KiB' };
    const { taskUid } = await sendJson<{ taskUid: number }>(cluster, 'POST', '/export', request);
    for (const share of [0.2, 0.5, 0.8]) {
      while (target.documents('big').length < share * count) await sleep(5);
      await cluster.process?.stop('SIGKILL');
      if (share === 0.2) await sleep(50);
      await cluster.process?.restart();
      if (share === 0.2) await run(cluster, 'DELETE', '/indexes/big/documents');
    }
    const task = await ended(cluster, taskUid);
    expect(task).toMatchObject({ status: 'succeeded', details: { indexes: { big: { matched_documents: count } } } });
    const ids = target.documents('big').map((line) => (JSON.parse(line) as { id: number }).id);
    expect(new Set(ids).size).toBe(count);
    // A kill repeats no more than the payload that was on its way.
    expect(ids.length).toBeLessThan(count + 3 * 12);
    expect(target.heads).toEqual(['POST /indexes', 'PATCH /indexes/big/settings']);
    expect(readdirSync(cluster.config.dumps?.dir ?? '')).toEqual([]);
  }, 120_000);
});
