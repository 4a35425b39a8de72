import type {
  IndexRecord,
  KeyRecord,
  LeavingCopy,
  MissedWrite,
  PartRecord,
  RepairTask,
  StaleCopy,
} from '../../../src/store/records.ts';
import type { NewPart, NewTask } from '../../../src/store/store.ts';

export function newTask(fields: Partial<NewTask> = {}): NewTask {
  return {
    type: 'documentAdditionOrUpdate',
    indexUid: 'movies',
    indexId: 0,
    status: 'enqueued',
    phase: 'sending',
    details: null,
    error: null,
    verdict: null,
    effect: null,
    canceledBy: null,
    enqueuedAt: '2024-05-01T10:00:00Z',
    startedAt: null,
    finishedAt: null,
    ...fields,
  };
}

export function endedTask(finishedAt: string, fields: Partial<NewTask> = {}): NewTask {
  return newTask({ status: 'succeeded', phase: 'ended', startedAt: finishedAt, finishedAt, ...fields });
}

export function newPart(fields: Partial<NewPart> = {}): NewPart {
  return {
    part: 0,
    nodeId: 'n1',
    shadowId: null,
    step: 'documents',
    request: null,
    shards: null,
    counts: true,
    nodeTaskUid: null,
    nodeEnqueuedAt: null,
    status: 'sending',
    details: null,
    error: null,
    startedAt: null,
    finishedAt: null,
    ...fields,
  };
}

export function partOf(taskUid: number, fields: Partial<NewPart> = {}): PartRecord {
  return { ...newPart(fields), taskUid };
}

export function indexRecord(id: number, fields: Partial<IndexRecord> = {}): IndexRecord {
  return {
    id,
    uid: `index${id}`,
    acceptedUid: `renamed${id}`,
    physicalUid: `index${id}_g${id}`,
    shards: 64,
    state: 'active',
    shadow: null,
    primaryKey: null,
    acceptedPrimaryKey: 'id',
    createdAt: '2024-05-01T10:00:00Z',
    updatedAt: '2024-05-01T10:00:00.5Z',
    settings: '{"a":"é\\u0000"}',
    settingsVersion: 3,
    ...fields,
  };
}

export function staleCopy(fields: Partial<StaleCopy> = {}): StaleCopy {
  return {
    indexId: 1,
    shard: 2,
    nodeId: 'n1',
    since: '2024-05-01T10:00:00Z',
    reason: 'missed task 12',
    cause: 'missed',
    ...fields,
  };
}

export function missedWrite(taskUid: number, fields: Partial<MissedWrite> = {}): MissedWrite {
  return { indexId: 1, shard: 2, nodeId: 'n1', taskUid, ids: ['a', 'b'], first: false, ...fields };
}

export function repairTask(seq: number, fields: Partial<RepairTask> = {}): RepairTask {
  return { nodeId: 'n1', indexId: 1, seq, afterTask: 4, nodeTaskUid: null, ...fields };
}

export function leavingCopy(fields: Partial<LeavingCopy> = {}): LeavingCopy {
  return { indexId: 1, shard: 2, nodeId: 'n1', state: 'serving', since: '2024-05-01T10:00:00Z', ...fields };
}

export function keyRecord(uid: string, fields: Partial<KeyRecord> = {}): KeyRecord {
  return {
    uid,
    name: null,
    description: 'd',
    actions: ['search', '*'],
    indexes: [],
    expiresAt: null,
    createdAt: '2024-05-01T10:00:00Z',
    updatedAt: '2024-05-01T10:00:00Z',
    ...fields,
  };
}
