import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';

const child = fileURLToPath(new URL('./store-kill-child.ts', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miroir-kill-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Let a writer run for some milliseconds after its first acknowledgement, kill it, and tell what it had reported. */
async function writeUntilKilled(path: string, milliseconds: number): Promise<{ tasks: number[]; ids: number[] }> {
  const writer = spawn(process.execPath, ['--import', 'tsx', child, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  writer.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  try {
    await expect.poll(() => output.includes('task') || writer.exitCode !== null, { timeout: 30_000 }).toBe(true);
    await sleep(milliseconds);
  } finally {
    writer.kill('SIGKILL');
    await once(writer, 'close');
  }
  expect(writer.signalCode).toBe('SIGKILL');
  const numbers = (word: string) =>
    [...output.matchAll(new RegExp(`^${word} (\\d+)\n`, 'gm'))].map((match) => Number(match[1]));
  return { tasks: numbers('task'), ids: numbers('id') };
}

function integrity(path: string): unknown {
  const database = new Database(path);
  try {
    return [database.pragma('integrity_check'), database.pragma('foreign_key_check')];
  } finally {
    database.pragma('journal_mode = DELETE');
    database.close();
  }
}

test('kill -9 at any moment loses no acknowledged write and leaves no gap', async () => {
  const path = join(folder, 'miroir.db');
  const acknowledged: number[] = [];
  const ids: number[] = [];
  for (const milliseconds of fc.sample(fc.integer({ min: 0, max: 120 }), { seed: 42, numRuns: 12 })) {
    const reported = await writeUntilKilled(path, milliseconds);
    acknowledged.push(...reported.tasks);
    ids.push(...reported.ids);
    expect(reported.tasks.length).toBeGreaterThan(0);
    expect(integrity(path)).toEqual([[{ integrity_check: 'ok' }], []]);

    const store = await openSqliteStore({ path, synchronous: 'full' });
    try {
      const { records, total } = await store.tasks({ limit: 1_000_000, reverse: true });
      expect(records.map((task) => task.uid)).toEqual(records.map((_, i) => i));
      expect(total).toBe(records.length);
      expect((await store.taskCounts()).enqueued).toBe(total);
      const kept = new Set(records.map((task) => task.uid));
      expect(acknowledged.filter((uid) => !kept.has(uid))).toEqual([]);
      expect(new Set(acknowledged).size).toBe(acknowledged.length);
      for (const uid of reported.tasks) expect(await store.meta(`task${uid}`)).toBe('acknowledged');
      for (const { uid } of records.slice(-5)) expect(await store.parts(uid)).toHaveLength(2);
      expect(await store.openParts()).toHaveLength(total);
      expect(await store.nextId('index')).toBeGreaterThan(Math.max(-1, ...ids));
      expect(new Set(ids).size).toBe(ids.length);
    } finally {
      await store.close();
    }
  }
});

test('a killed owner leaves no lock behind, a living one keeps others out', async () => {
  const path = join(folder, 'miroir.db');
  await writeUntilKilled(path, 5);
  const store = await openSqliteStore({ path, synchronous: 'full' });
  const second = spawn(process.execPath, ['--import', 'tsx', child, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [second.stdout, second.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  await once(second, 'close');
  await store.close();
  expect(second.exitCode).not.toBe(0);
  expect(output).toContain('another Miroir process uses it');
  expect(output).not.toContain('ready');
});
