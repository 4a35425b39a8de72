import { describe, expect, test } from 'vitest';
import { dumpUid, entryOf, metadataText } from '../../../src/dumps/format.ts';
import { keyLine, readKeyLine } from '../../../src/dumps/key-lines.ts';
import { taskLine } from '../../../src/dumps/task-lines.ts';
import type { KeyRecord, TaskRecord } from '../../../src/store/records.ts';

test('a dump is named after the instant it was begun', () => {
  expect(dumpUid('2026-11-22T23:57:03.555Z')).toBe('20261122-235703555');
  expect(dumpUid('2026-11-22T23:57:03Z')).toBe('20261122-235703000');
});

test('metadata names version 6', () => {
  expect(JSON.parse(metadataText('2026-11-22T23:57:03.555Z'))).toEqual({
    dumpVersion: 'V6',
    dbVersion: '1.21.0',
    dumpDate: '2026-11-22T23:57:03.555Z',
  });
});

describe('entryOf', () => {
  test('knows the files that are read, with or without a leading dot', () => {
    expect(entryOf('./metadata.json')).toEqual({ kind: 'metadata' });
    expect(entryOf('keys.jsonl')).toEqual({ kind: 'keys' });
    expect(entryOf('./indexes/a/documents.jsonl')).toEqual({ kind: 'indexDocuments', index: 'a' });
    expect(entryOf('indexes/a/settings.json')).toEqual({ kind: 'indexSettings', index: 'a' });
  });

  test('passes over everything else', () => {
    const others = [
      'tasks/queue.jsonl',
      'indexes/a/other.json',
      'indexes/../a/settings.json',
      'x/metadata.json',
      '',
      'indexes',
    ];
    for (const path of others) expect(entryOf(path), path).toBeNull();
  });
});

describe('lines of keys', () => {
  const key: KeyRecord = {
    uid: '6062abda-a5aa-4414-ac91-ecd7944c0f8d',
    name: null,
    description: 'd',
    actions: ['search'],
    indexes: ['*'],
    expiresAt: null,
    createdAt: '2026-11-23T09:37:54.876550299Z',
    updatedAt: '2026-11-23T09:37:54.876550299Z',
  };

  test('leave out names that are not there, as the server does', () => {
    expect(keyLine(key)).toBe(
      '{"description":"d","uid":"6062abda-a5aa-4414-ac91-ecd7944c0f8d","actions":["search"],"indexes":["*"],"expires_at":null,"created_at":"2026-11-23T09:37:54.876550299Z","updated_at":"2026-11-23T09:37:54.876550299Z"}',
    );
  });

  test('come back as they were', () => {
    for (const record of [key, { ...key, name: 'n', description: null, expiresAt: '2042-04-02T00:42:42Z' }]) {
      expect(readKeyLine(keyLine(record))).toEqual(record);
    }
  });

  test('that are no keys are told from those that are', () => {
    for (const text of ['', '{', '[]', '{"uid":"x"}', keyLine(key).replace('2026-11-23T09', 'today')]) {
      expect(readKeyLine(text), text).toBeNull();
    }
  });
});

describe('taskLine', () => {
  const task = (type: string, details: unknown, more: Partial<TaskRecord> = {}): TaskRecord => ({
    uid: 3,
    type,
    indexUid: 'a',
    indexId: 1,
    status: 'succeeded',
    phase: 'ended',
    details: details === null ? null : JSON.stringify(details),
    error: null,
    verdict: null,
    effect: null,
    canceledBy: null,
    enqueuedAt: '2026-01-01T00:00:00Z',
    startedAt: '2026-01-01T00:00:01Z',
    finishedAt: '2026-01-01T00:00:02Z',
    ...more,
  });
  const read = (record: TaskRecord) => JSON.parse(taskLine(record) ?? 'null') as Record<string, unknown>;

  test('tells the three kinds of document deletion apart by their details', () => {
    const byIds = { providedIds: 2, deletedDocuments: 1, originalFilter: null };
    const byFilter = { providedIds: 0, deletedDocuments: 1, originalFilter: '["a = 1",["b = 2"]]' };
    expect(read(task('documentDeletion', byIds)).type).toEqual({ documentDeletion: { documents_ids: [] } });
    expect(read(task('documentDeletion', byFilter)).type).toEqual({
      documentDeletionByFilter: { filter: ['a = 1', ['b = 2']] },
    });
    expect(read(task('documentDeletion', { deletedDocuments: 9 })).type).toBe('documentClear');
  });

  test('carries error and cancellation only where there is one', () => {
    const failed = task('indexCreation', { primaryKey: 'id' }, { status: 'failed', error: '{"code":"x"}' });
    expect(read(failed)).toMatchObject({ error: { code: 'x' }, type: { indexCreation: { primary_key: 'id' } } });
    const canceled = task('indexCreation', { primaryKey: null }, { status: 'canceled', canceledBy: 9 });
    expect(read(canceled)).toMatchObject({ canceledBy: 9 });
    expect(read(canceled)).not.toHaveProperty('error');
  });

  test('leaves out what Meilisearch has no type for', () => {
    expect(taskLine(task('dumpImport', {}))).toBeNull();
  });
});
