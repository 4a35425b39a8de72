import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { send } from '../../support/http.ts';
import { requestOf } from '../data.ts';
import { quick, type Scenario } from '../scenario.ts';
import { fillDisk } from './fill-disk.ts';

const folder = 'store';
const config = { ...quick, store: { backend: 'sqlite' as const, path: `${folder}/miroir.db` } };

/** Row 8: nothing more fits on the disk of Miroir's store. */
export const storeFull: Scenario = {
  name: 'store-full',
  faults: 'the disk of Miroir’s store is full for a while',
  passes: 'searches go on; writes are refused with a time to try again; afterwards all goes on',
  cluster: { nodes: 2, replicationFactor: 2, shards: 8, config },
  needsRoot: true,
  writesMayFail: true,
  async prepare(lab) {
    await lab.miroir.stop();
    await lab.smallDisk(folder, 8);
    await lab.miroir.restart();
  },
  async round({ lab, log, fail }) {
    const makeRoom = fillDisk(join(lab.cluster.folder, folder));
    lab.note('the disk of the store is full');
    const probe = { ...requestOf({ kind: 'delete', ids: ['nobody'] }) };
    let refused = 0;
    for (let i = 0; i < 40; i++) {
      const answer = await send(lab, probe);
      if (answer.status === 202) continue;
      refused++;
      const { code } = JSON.parse(answer.text) as { code: string };
      if (answer.status !== 503 || code !== 'miroir_store_unavailable') fail(`a write got ${answer.status} ${code}`);
      if (answer.headers['retry-after'] === undefined) fail('a refused write was not told when to try again');
      await sleep(50);
    }
    if (refused === 0) fail('the store was full, and no write was refused');
    await sleep(1_500);
    makeRoom();
    const freedAt = performance.now();
    lab.note('the disk of the store has room again');
    await sleep(3_000);
    const now = performance.now();
    const late = log.writes.filter(({ startedAt, endedAt }) => startedAt > freedAt + 1_000 && endedAt < now);
    if (late.length === 0 || late.some(({ outcome }) => outcome !== 'acknowledged')) {
      fail('writes fail although the store has room again');
    }
  },
};

/** Row 8: another process holds the store when Miroir starts. */
export const storeLocked: Scenario = {
  name: 'store-locked',
  faults: 'SIGKILL Miroir; another process has locked its store when it starts again',
  passes: 'it says so and does not start; once the lock is gone it starts and nothing is missing',
  cluster: { nodes: 2, replicationFactor: 2, shards: 8, config },
  miroirGoes: true,
  writesMayFail: true,
  async round({ lab, fail }) {
    await lab.miroir.stop('SIGKILL');
    const other = new Database(join(lab.cluster.folder, folder, 'miroir.db'));
    other.exec('BEGIN EXCLUSIVE');
    lab.note('the store is locked');
    const started = await lab.miroir.restart().then(
      () => true,
      () => false,
    );
    if (started) fail('Miroir started on a store that another process has locked');
    const log = readFileSync(join(lab.cluster.folder, 'miroir.log'), 'utf8');
    if (!log.includes('another Miroir process uses it')) fail('Miroir did not say why it does not start');
    other.exec('ROLLBACK');
    other.close();
    lab.note('the lock is gone');
    if (started) return;
    await lab.miroir.restart();
    await sleep(1_500);
  },
};
