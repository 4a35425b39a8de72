import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../../src/store/sqlite/connection.ts';
import { translateError } from '../../../src/store/sqlite/errors.ts';
import { type Migration, migrate, migrations } from '../../../src/store/sqlite/migrations.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { storeConformance } from './conformance.ts';
import { newPart, newTask } from './records.ts';

/** A program that locks the file it is given, says so, and stays. */
const lockIt = `
  const Database = require('libsql');
  new Database(process.argv[1]).exec('BEGIN EXCLUSIVE');
  console.log('locked');
  setTimeout(() => {}, 60_000);`;

storeConformance('SQLite', () => openSqliteStore({ path: ':memory:', synchronous: 'normal' }));

describe('SQLite file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'miroir-store-'));
    path = join(folder, 'deep', 'er', 'miroir.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = (synchronous: 'full' | 'normal' = 'full') => openSqliteStore({ path, synchronous });

  test('is made with its folder, for its owner only, and holds everything when opened again', async () => {
    const first = await open();
    await first.createTask(newTask(), [newPart()], [{ kind: 'putMeta', key: 'a', value: 'é😀' }]);
    for (const file of readdirSync(join(folder, 'deep', 'er'))) {
      expect(statSync(join(folder, 'deep', 'er', file)).mode & 0o777).toBe(0o600);
    }
    await first.close();
    expect(readdirSync(join(folder, 'deep', 'er'))).toEqual(['miroir.db']);
    const second = await open('normal');
    expect(await second.meta('a')).toBe('é😀');
    expect((await second.createTask(newTask(), [], [])).uid).toBe(1);
    await second.close();
  });

  test('belongs to one store at a time', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'miroir_store_unavailable',
      message: expect.stringContaining('another Miroir process uses it'),
    });
    await first.commit([{ kind: 'putMeta', key: 'a', value: '1' }]);
    await first.close();
    const second = await open();
    expect(await second.meta('a')).toBe('1');
    await second.close();
  });

  test('is not taken away by another process, and waits for none', async () => {
    const store = await open();
    await store.commit([{ kind: 'putMeta', key: 'a', value: '1' }]);
    const child = spawn(process.execPath, ['-e', lockIt, path], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = await new Promise<string>((resolve) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
      child.stderr.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    });
    expect(said).toMatch(/locked/);
    expect(said.startsWith('locked')).toBe(false);
    expect((await store.createTask(newTask(), [], [])).uid).toBe(0);
    await store.close();
    if (child.exitCode === null) await once(child, 'exit');
  });

  test('that another process holds locked cannot be opened, until that process ends', async () => {
    await (await open()).close();
    const child = spawn(process.execPath, ['-e', lockIt, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      await expect(open()).rejects.toMatchObject({
        code: 'miroir_store_unavailable',
        headers: { 'retry-after': '5' },
        message: expect.stringContaining('another Miroir process uses it'),
      });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await (await open()).close();
  });

  test('is refused when it is no database, another program’s, a folder or in no place', async () => {
    mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
    writeFileSync(path, 'not a database at all, but long enough to look at');
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('not an SQLite database') });
    rmSync(path);
    const foreign = new Database(path);
    foreign.exec('CREATE TABLE theirs (a)');
    foreign.close();
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('another program') });
    rmSync(path);
    mkdirSync(path);
    await expect(open()).rejects.toMatchObject({ code: 'miroir_store_unavailable' });
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    path = join(path, 'below-a-file.db');
    await expect(open()).rejects.toMatchObject({ code: 'miroir_store_unavailable' });
    expect(existsSync(path)).toBe(false);
  });

  test('of a newer Miroir is refused and left as it is', async () => {
    await (await open()).close();
    const newer = new Database(path);
    newer.pragma('user_version = 9999');
    newer.close();
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('schema version 9999') });
  });

  test('opens from every earlier schema version', async () => {
    mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
    for (let known = 0; known <= migrations.length; known++) {
      const earlier = new Connection(path, new Database(path));
      migrate(earlier, migrations.slice(0, known));
      earlier.close();
      const store = await open();
      expect((await store.createTask(newTask(), [newPart()], [])).uid).toBe(0);
      await store.close();
      rmSync(path);
    }
  });

  test('keeps its state when a migration fails half-way', async () => {
    await (await open()).close();
    const broken: Migration = { version: 1_000, sql: 'CREATE TABLE half (a); SELECT nonsense;' };
    const connection = new Connection(path, new Database(path));
    expect(() => migrate(connection, [...migrations, broken])).toThrow();
    expect(connection.all("SELECT name FROM sqlite_schema WHERE name = 'half'")).toEqual([]);
    connection.close();
    await (await open()).close();
  });

  test('a full disk refuses the write, says so, and writes go on once there is room', async () => {
    const connection = new Connection(path, new Database(':memory:'));
    migrate(connection);
    const pages = Number(connection.first('PRAGMA page_count')?.page_count);
    connection.all(`PRAGMA max_page_count = ${pages}`);
    const { SqliteStore } = await import('../../../src/store/sqlite/sqlite-store.ts');
    const store = new SqliteStore(connection);
    const big = 'x'.repeat(50_000);
    const writes = [
      store.createTask(newTask(), [], []),
      store.commit([{ kind: 'putMeta', key: 'big', value: big }]),
      store.createTask(newTask(), [], []),
    ];
    const settled = await Promise.allSettled(writes);
    const failures = settled.filter((one) => one.status === 'rejected').map((one) => one.reason);
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      expect(failure).toMatchObject({
        code: 'miroir_store_unavailable',
        message: expect.stringContaining('disk is full'),
      });
    }
    expect(await store.meta('big')).toBeNull();
    const kept = await store.tasks({ limit: 10 });
    expect(kept.total).toBe([settled[0], settled[2]].filter((one) => one?.status === 'fulfilled').length);
    connection.all('PRAGMA max_page_count = 1000000');
    expect((await store.createTask(newTask(), [], [])).uid).toBe(kept.total);
    await store.commit([{ kind: 'putMeta', key: 'big', value: big }]);
    await store.close();
  });
});

describe('error translation', () => {
  const sqliteError = (code: string) => Object.assign(new Error('raw'), { code });
  test.each([
    ['SQLITE_FULL', 'disk is full'],
    ['SQLITE_BUSY', 'locked'],
    ['SQLITE_IOERR_WRITE', 'check the disk'],
    ['SQLITE_READONLY_DBMOVED', 'cannot be written'],
    ['SQLITE_CORRUPT', 'damaged'],
  ])('%s', (code, words) => {
    expect(translateError('p.db', sqliteError(code))).toMatchObject({
      code: 'miroir_store_unavailable',
      message: expect.stringContaining(words),
      cause: expect.anything(),
    });
  });

  test('a defect of the caller stays what it is', () => {
    for (const error of [sqliteError('SQLITE_CONSTRAINT_FOREIGNKEY'), new RangeError('x'), 'text']) {
      expect(translateError('p.db', error)).toBe(error);
    }
  });
});
