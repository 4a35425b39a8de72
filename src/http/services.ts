import type { Readable } from 'node:stream';
import type { FeatureName, Features } from '../instance/features.ts';
import type { LogControl } from '../instance/log-target.ts';
import type { WebhookChange } from '../instance/webhooks/webhook.ts';
import type { Caller } from '../keys/caller.ts';

import type { AdminPlan, AdminRebalance, AdminReshard } from '../placement/admin-types.ts';
import type { NewNode } from '../placement/node-names.ts';

import type { FederatedRequest } from '../search/federated/request.ts';

import type { DocumentsQuery, FacetSearchQuery, SearchQuery, SimilarQuery } from '../search/query.ts';
import type { KeyRecord } from '../store/records.ts';
import type { TaskPage } from '../store/store.ts';
import type { Sessions } from '../tasks/sessions.ts';

/** The 202 body. */
export interface TaskSummary {
  taskUid: number;
  indexUid: string | null;
  status: string;
  type: string;
  enqueuedAt: string;
}

/** A read's answer as JSON, text or bytes (documents pass unchanged, so it is never an object). */
export interface ReadAnswer<Json extends string | Buffer = string> {
  json: Json;
  /** Shards no copy of which could answer, for `X-Miroir-Degraded`; empty when complete. */
  missingShards: readonly number[];
  settingsVersion?: number;
}

/** A write's answer. */
export interface WriteAnswer {
  summary: TaskSummary;
  /** Copies that missed the write: `X-Miroir-Degraded: groups=..;shards=..`; null when none did. */
  degraded: { groups: readonly number[]; shards: readonly number[] } | null;
  /** It repeats the answer to an earlier request with the same idempotency key. */
  replayed?: boolean;
}

/** A document payload as received, already decompressed and within the body limit. */
export interface DocumentPayload {
  format: 'json' | 'ndjson' | 'csv';
  body: Buffer;
  /** One ASCII character; only with `csv`. */
  csvDelimiter: string | null;
}

/** How nodes look for neighbours. */
export interface VectorOptions {
  /** How many times as many hits as needed each node is asked for; null for the configured default. */
  overFetch?: number | null;
}

export interface SearchService {
  /** One search; throws `ApiError` (`index_not_found`, a node's own 400, `miroir_shard_unavailable`, ...). */
  search(indexUid: string, query: SearchQuery, caller: Caller, options?: VectorOptions): Promise<ReadAnswer<Buffer>>;
  /** Several searches as one list; throws as one Meilisearch does, naming the query. */
  federated(request: FederatedRequest, caller: Caller, options?: VectorOptions): Promise<ReadAnswer<Buffer>>;
  /** Documents like one of the index; throws as `search` does, and `not_found_similar_id`. */
  similar(indexUid: string, query: SimilarQuery, caller: Caller, options?: VectorOptions): Promise<ReadAnswer<Buffer>>;
  /** Values of a facet that begin with a query, and how many of the found documents have each. */
  facetSearch(indexUid: string, query: FacetSearchQuery, caller: Caller): Promise<ReadAnswer>;
}

export interface DocumentReadService {
  list(indexUid: string, query: DocumentsQuery): Promise<ReadAnswer>;
  get(indexUid: string, documentId: string, fields: string[] | null, retrieveVectors: boolean): Promise<ReadAnswer>;
}

/** A function to be run on the documents that a filter passes. */
export interface DocumentEdition {
  function: string;
  /** As sent; null passes every document. */
  filter: unknown;
  /** As sent, and its JSON text; null when there is none. */
  context: { value: unknown; text: string } | null;
}

export interface DocumentWriteService {
  /** POST (`replace`) or PUT (`update`). */
  add(
    indexUid: string,
    mode: 'replace' | 'update',
    payload: DocumentPayload,
    primaryKey: string | null,
    caller: Caller,
  ): Promise<WriteAnswer>;
  /** By ids as text; `viaBatch` tells the batch route from the single one (their task details are equal). */
  deleteByIds(indexUid: string, ids: readonly string[]): Promise<WriteAnswer>;
  deleteByFilter(indexUid: string, filter: unknown): Promise<WriteAnswer>;
  deleteAll(indexUid: string): Promise<WriteAnswer>;
  edit(indexUid: string, edition: DocumentEdition): Promise<WriteAnswer>;
}

export interface IndexService {
  /** `GET /indexes` body as JSON text, cut to what the caller may see. */
  list(offset: number, limit: number, caller: Caller): Promise<string>;
  get(uid: string): Promise<string>;
  create(uid: string, primaryKey: string | null, shards: number | null): Promise<WriteAnswer>;
  update(uid: string, primaryKey: string | null, newUid: string | null): Promise<WriteAnswer>;
  delete(uid: string): Promise<WriteAnswer>;
  /** All swaps (or renames of the first to the second) in one task; uids are valid and named once. */
  swap(swaps: readonly { indexes: readonly [string, string]; rename: boolean }[]): Promise<WriteAnswer>;
  /** Index stats and whole-instance stats as JSON text. */
  stats(uid: string): Promise<string>;
  allStats(caller: Caller): Promise<string>;
  /** The lowest version among healthy nodes, `{commitSha, commitDate, pkgVersion}` as JSON text. */
  version(): Promise<string>;
}

export interface SettingsService {
  /** All logical settings as JSON text. */
  get(uid: string): Promise<string>;
  /** One setting by its JSON name, for example `filterableAttributes`. */
  getOne(uid: string, name: string): Promise<string>;
  /** `patch` holds only what the client sent; a null resets that setting. */
  update(uid: string, patch: Record<string, unknown>, caller: Caller): Promise<WriteAnswer>;
  /** DELETE of all settings, or of the one named. */
  reset(uid: string, name: string | null): Promise<WriteAnswer>;
}

export interface TaskService {
  /** Page of tasks the caller may see, as JSON text. */
  list(page: TaskPage, caller: Caller): Promise<string>;
  get(uid: number, caller: Caller): Promise<string>;
  batches(page: TaskPage & { batchUids?: number[] }, caller: Caller): Promise<string>;
  batch(uid: number, caller: Caller): Promise<string>;
  /** `originalFilter` is the query string with its `?`. */
  cancel(filter: Omit<TaskPage, 'limit'>, originalFilter: string, caller: Caller): Promise<WriteAnswer>;
  delete(filter: Omit<TaskPage, 'limit'>, originalFilter: string, caller: Caller): Promise<WriteAnswer>;
}

/** API keys; bodies are validated by the route, answers are JSON text. */
export interface KeyService {
  /** Throws `ApiError` when the credentials do not allow `action` (and, if given, the index). */
  authorise(authorization: string | undefined, action: string, indexUid: string | null): Promise<Caller>;
  list(offset: number, limit: number): Promise<string>;
  get(uidOrKey: string): Promise<string>;
  create(key: {
    uid: string | null;
    name: string | null;
    description: string | null;
    actions: string[];
    indexes: string[];
    expiresAt: string | null;
  }): Promise<string>;
  /** Add a key of a dump with its uid and dates; false when its uid is known already. */
  restore(key: KeyRecord): Promise<boolean>;
  /** Absent fields stay as they are. */
  update(uidOrKey: string, change: { name?: string | null; description?: string | null }): Promise<string>;
  delete(uidOrKey: string): Promise<void>;
}

/** Answers of the admin API, plain JSON-able objects. */
export interface AdminService {
  topology(): Promise<unknown>;
  shards(): Promise<unknown>;
  /** Whether every shard has a readable copy. */
  ready(): Promise<{ ready: boolean; reasons: string[] }>;
  /** Node tasks behind a task. */
  task(uid: number): Promise<unknown>;
  /** Begin to compare the copies of an index, or join; its report so far. */
  verify(indexUid: string): Promise<unknown>;
  /** The last report; throws `miroir_not_verified` when there is none. */
  verification(indexUid: string): unknown;
}

/** How an operator wants a change. */
export interface OperationOptions {
  /** Allow too few copies, or the loss of some. */
  force: boolean;
  /** Only tell what would move. */
  dryRun: boolean;
}

/** What an operation is answered with. */
export type OperationAnswer = { plan: AdminPlan } | { rebalance: AdminRebalance };

/** The verbs of operators on nodes and groups. */
export interface OperationsService {
  addNodes(nodes: readonly NewNode[], options: OperationOptions): Promise<OperationAnswer>;
  /** A group of its own for these nodes; `group` null for the next free number. */
  addGroup(
    nodes: readonly Omit<NewNode, 'group'>[],
    group: number | null,
    options: OperationOptions,
  ): Promise<OperationAnswer>;
  drain(node: string, options: OperationOptions): Promise<OperationAnswer>;
  activate(node: string, options: OperationOptions): Promise<OperationAnswer>;
  /** The node hands its copies over and leaves; with `force` at once, whatever it holds. */
  remove(node: string, options: OperationOptions): Promise<OperationAnswer>;
  removeGroup(group: number, options: OperationOptions): Promise<OperationAnswer>;
  replace(node: string, by: Omit<NewNode, 'group'>, options: OperationOptions): Promise<OperationAnswer>;
  replicationFactor(value: number, options: OperationOptions): Promise<OperationAnswer>;
  steer(action: 'pause' | 'resume' | 'cancel'): Promise<OperationAnswer>;
  status(): AdminRebalance;
}

/** Changing the number of shards of an index; each throws `index_not_found` and `miroir_reshard_conflict`. */
export interface ReshardService {
  start(indexUid: string, shards: number): Promise<AdminReshard>;
  status(indexUid: string): AdminReshard;
  /** Give up before the switch. */
  abort(indexUid: string): Promise<AdminReshard>;
  /** Go back to the former layout while it is kept. */
  rollback(indexUid: string): Promise<AdminReshard>;
  /** Let go of the former layout before its time. */
  finish(indexUid: string): Promise<AdminReshard>;
}

/** Experimental features, as one server has them. */
export interface FeatureService {
  /** The object of `GET /experimental-features` as JSON text. */
  get(): string;
  current(): Features;
  /** Throws `feature_not_enabled` when the feature is off; `action` begins the message. */
  require(feature: FeatureName, action: string): void;
  /** Switch some features on every node; resolves, with the new object as JSON text, when all nodes that are up have them. */
  update(patch: Partial<Features>): Promise<string>;
}

/** Writing and importing dumps; each request becomes one task. */
export interface DumpService {
  create(): Promise<WriteAnswer>;
  /** `body` is the dump itself; it is gathered on disk before the task is created. */
  importUpload(body: Readable, onConflict: 'fail' | 'skip' | 'replace'): Promise<WriteAnswer>;
  /** `name` is a file in the folder of dumps. */
  importFile(name: string, onConflict: 'fail' | 'skip' | 'replace'): Promise<WriteAnswer>;
}

/** What to send where. */
export interface ExportRequest {
  url: string;
  apiKey: string | null;
  /** Bytes; null for the default. */
  payloadSize: number | null;
  /** By index pattern; null for everything. */
  indexes: ReadonlyMap<string, { filter: unknown; overrideSettings: boolean }> | null;
}

/** Sending indexes to another instance; each request becomes one task. */
export interface ExportService {
  create(request: ExportRequest): Promise<WriteAnswer>;
}

/** Webhooks; uuids in their usual spelling, answers are JSON text. */
export interface WebhookService {
  list(): string;
  get(uuid: string): string;
  create(hook: WebhookChange): Promise<string>;
  update(uuid: string, change: WebhookChange): Promise<string>;
  delete(uuid: string): Promise<void>;
}

/** What reading documents and searching call: all that a worker process has (see `workers/`). */
export interface ReadServices {
  search: SearchService;
  documents: DocumentReadService;
  indexes: Pick<IndexService, 'get'>;
  keys: Pick<KeyService, 'authorise'>;
  features: Pick<FeatureService, 'require'>;
  sessions: Sessions;
}

/** Everything the routes call; built once in `app.ts`. */
export interface Services extends ReadServices {
  search: SearchService;
  documents: DocumentReadService & DocumentWriteService;
  indexes: IndexService;
  settings: SettingsService;
  tasks: TaskService;
  keys: KeyService;
  admin: AdminService;
  operations: OperationsService;
  reshard: ReshardService;
  dumps: DumpService;
  exports: ExportService;
  features: FeatureService;
  logs: LogControl;
  webhooks: WebhookService;
  sessions: Sessions;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
