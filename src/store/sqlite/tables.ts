import { sortableInstant } from '../instant.ts';
import type {
  DeletionMark,
  IdempotencyRecord,
  IndexRecord,
  KeyRecord,
  LeavingCopy,
  MissedWrite,
  PartRecord,
  RepairTask,
  StaleCopy,
  TaskRecord,
} from '../records.ts';
import { flag, json, plain, Table } from './table.ts';

const sortableOrNull = (instant: string | null) => (instant === null ? null : sortableInstant(instant));

export const taskTable = new Table<TaskRecord>(
  'tasks',
  ['uid'],
  {
    uid: plain('uid'),
    type: plain('type'),
    indexUid: plain('index_uid'),
    indexId: plain('index_id'),
    status: plain('status'),
    phase: plain('phase'),
    details: plain('details'),
    error: plain('error'),
    verdict: plain('verdict'),
    effect: plain('effect'),
    canceledBy: plain('canceled_by'),
    enqueuedAt: plain('enqueued_at'),
    startedAt: plain('started_at'),
    finishedAt: plain('finished_at'),
  },
  {
    enqueued_key: (task) => sortableInstant(task.enqueuedAt),
    started_key: (task) => sortableOrNull(task.startedAt),
    finished_key: (task) => sortableOrNull(task.finishedAt),
  },
);

export const partTable = new Table<PartRecord>('parts', ['taskUid', 'part'], {
  taskUid: plain('task_uid'),
  part: plain('part'),
  nodeId: plain('node_id'),
  shadowId: plain('shadow_id'),
  step: plain('step'),
  request: plain('request'),
  shards: plain('shards'),
  counts: flag('counts'),
  nodeTaskUid: plain('node_task_uid'),
  nodeEnqueuedAt: plain('node_enqueued_at'),
  status: plain('status'),
  details: plain('details'),
  error: plain('error'),
  startedAt: plain('started_at'),
  finishedAt: plain('finished_at'),
});

export const indexTable = new Table<IndexRecord>('indexes', ['id'], {
  id: plain('id'),
  uid: plain('uid'),
  acceptedUid: plain('accepted_uid'),
  physicalUid: plain('physical_uid'),
  shards: plain('shards'),
  state: plain('state'),
  shadow: json('shadow'),
  primaryKey: plain('primary_key'),
  acceptedPrimaryKey: plain('accepted_primary_key'),
  createdAt: plain('created_at'),
  updatedAt: plain('updated_at'),
  settings: plain('settings'),
  settingsVersion: plain('settings_version'),
});

export const idempotencyTable = new Table<IdempotencyRecord>(
  'idempotency_keys',
  ['key'],
  {
    key: plain('key'),
    fingerprint: plain('fingerprint'),
    taskUid: plain('task_uid'),
    indexUid: plain('index_uid'),
    type: plain('type'),
    enqueuedAt: plain('enqueued_at'),
  },
  { enqueued_key: (record) => sortableInstant(record.enqueuedAt) },
);

export const staleTable = new Table<StaleCopy>('stale_copies', ['indexId', 'shard', 'nodeId'], {
  indexId: plain('index_id'),
  shard: plain('shard'),
  nodeId: plain('node_id'),
  since: plain('since'),
  reason: plain('reason'),
  cause: plain('cause'),
});

export const leavingTable = new Table<LeavingCopy>('leaving_copies', ['indexId', 'shard', 'nodeId'], {
  indexId: plain('index_id'),
  shard: plain('shard'),
  nodeId: plain('node_id'),
  state: plain('state'),
  since: plain('since'),
});

export const missedTable = new Table<MissedWrite>('missed_writes', ['indexId', 'shard', 'nodeId', 'taskUid'], {
  indexId: plain('index_id'),
  shard: plain('shard'),
  nodeId: plain('node_id'),
  taskUid: plain('task_uid'),
  ids: json('ids'),
  first: flag('first'),
});

export const deletionMarkTable = new Table<DeletionMark>('deletion_marks', ['indexId', 'version'], {
  indexId: plain('index_id'),
  version: plain('version'),
  kind: plain('kind'),
  filter: plain('filter'),
});

export const repairTaskTable = new Table<RepairTask>('repair_tasks', ['nodeId', 'indexId', 'seq'], {
  nodeId: plain('node_id'),
  indexId: plain('index_id'),
  seq: plain('seq'),
  afterTask: plain('after_task'),
  nodeTaskUid: plain('node_task_uid'),
});

export const keyTable = new Table<KeyRecord>(
  'keys',
  ['uid'],
  {
    uid: plain('uid'),
    name: plain('name'),
    description: plain('description'),
    actions: json('actions'),
    indexes: json('indexes'),
    expiresAt: plain('expires_at'),
    createdAt: plain('created_at'),
    updatedAt: plain('updated_at'),
  },
  { created_key: (key) => sortableInstant(key.createdAt) },
);
