import { randomUUID } from 'node:crypto';
import type { WebhookService } from '../../http/services.ts';
import type { Logger } from '../../observability/log.ts';
import type { TaskRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { type Cursor, cursorExcept, firstOpen, isSettled, settle } from './cursor.ts';
import { createDelivery, type Delivery, type DeliveryOutcome } from './delivery.ts';
import type { WebhookPoster } from './post.ts';
import {
  changedWebhook,
  checkEditable,
  maxWebhooks,
  newWebhook,
  tooManyWebhooks,
  type Webhook,
  webhookNotFound,
  webhookView,
} from './webhook.ts';

/** What webhooks are built from. */
export interface WebhookServiceOptions {
  store: Pick<Store, 'meta' | 'commit' | 'task' | 'tasks' | 'unfinishedTasks'>;
  poster: WebhookPoster;
  /** Milliseconds before a failed request is tried again for the first time. */
  firstRetryMs: number;
  onOutcome(outcome: DeliveryOutcome): void;
  log: Logger;
}

/** The webhooks and their deliveries. */
export interface Webhooks extends WebhookService {
  /** A task has ended; never waits. */
  taskEnded(record: TaskRecord): void;
  /** Deliver what an earlier process left. To be called once unfinished tasks have been taken up. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Entry {
  hook: Webhook;
  cursor: Cursor;
  delivery: Delivery;
}

const hooksKey = 'webhooks';
const cursorsKey = 'webhookCursors';
const endedStatuses = ['succeeded', 'failed', 'canceled'] as const;
const pageSize = 1_000;

/**
 * Webhooks as one Meilisearch keeps them. Each has a stored cursor over the tasks it has been told about, so that after a crash
 * it hears of every ended task at least once, and of one twice only if the crash fell between its answer and the cursor's commit.
 */
export async function createWebhooks(options: WebhookServiceOptions): Promise<Webhooks> {
  const { store, poster, log } = options;
  const entries = new Map<string, Entry>();
  let changes: Promise<unknown> = Promise.resolve();

  function serial<T>(work: () => Promise<T>): Promise<T> {
    const done = changes.then(work);
    changes = done.catch(() => undefined);
    return done;
  }

  const putHooks = (hooks: readonly Webhook[]) =>
    ({ kind: 'putMeta', key: hooksKey, value: JSON.stringify(hooks) }) as const;
  const putCursors = (cursors: ReadonlyMap<string, Cursor>) =>
    ({ kind: 'putMeta', key: cursorsKey, value: JSON.stringify(Object.fromEntries(cursors)) }) as const;
  const hooksNow = () => [...entries.values()].map(({ hook }) => hook);
  const cursorsNow = () => new Map([...entries].map(([uuid, { cursor }]) => [uuid, cursor]));

  async function settled(entry: Entry, uids: readonly number[]): Promise<void> {
    await serial(async () => {
      entry.cursor = settle(entry.cursor, uids);
      await store.commit([putCursors(cursorsNow())]);
    });
  }

  /** Ended tasks that the webhook does not know of, oldest first. */
  async function backlog(entry: Entry, limit: number): Promise<number[]> {
    const found: number[] = [];
    for (let from: number | null = firstOpen(entry.cursor); from !== null && found.length < limit; ) {
      const page: Awaited<ReturnType<Store['tasks']>> = await store.tasks({
        statuses: [...endedStatuses],
        reverse: true,
        from,
        limit: pageSize,
      });
      found.push(...page.records.map(({ uid }) => uid).filter((uid) => !isSettled(entry.cursor, uid)));
      from = page.next;
    }
    return found.slice(0, limit);
  }

  function enter(hook: Webhook, cursor: Cursor): Entry {
    const entry: Entry = {
      hook,
      cursor,
      delivery: createDelivery({
        hook: () => entry.hook,
        poster,
        task: (uid) => store.task(uid),
        onSettled: (uids) => settled(entry, uids),
        backlog: (limit) => backlog(entry, limit),
        onOutcome: options.onOutcome,
        firstRetryMs: options.firstRetryMs,
        log,
      }),
    };
    entries.set(hook.uuid, entry);
    return entry;
  }

  /** Everything that has ended by now is of no interest to a new webhook. */
  async function cursorFromNow(): Promise<Cursor> {
    const newest = (await store.tasks({ limit: 1 })).records[0]?.uid ?? -1;
    const unfinished = (await store.unfinishedTasks()).map(({ uid }) => uid).filter((uid) => uid <= newest);
    return cursorExcept(newest, unfinished);
  }

  function existing(uuid: string): Entry {
    const entry = entries.get(uuid);
    if (entry === undefined) throw webhookNotFound(uuid);
    return entry;
  }

  const stored = JSON.parse((await store.meta(hooksKey)) ?? '[]') as Webhook[];
  const cursors = JSON.parse((await store.meta(cursorsKey)) ?? '{}') as Record<string, Cursor>;
  for (const hook of stored) enter(hook, cursors[hook.uuid] ?? (await cursorFromNow()));

  return {
    list() {
      const uuids = [...entries.keys()].sort();
      return `{"results":[${uuids.map((uuid) => webhookView(existing(uuid).hook)).join(',')}]}`;
    },
    get: (uuid) => webhookView(existing(uuid).hook),
    create: (change) =>
      serial(async () => {
        if (entries.size >= maxWebhooks) throw tooManyWebhooks();
        const hook = newWebhook(randomUUID(), change);
        const cursor = await cursorFromNow();
        await store.commit([putHooks([...hooksNow(), hook]), putCursors(cursorsNow().set(hook.uuid, cursor))]);
        enter(hook, cursor).delivery.catchUp();
        return webhookView(hook);
      }),
    update: (uuid, change) =>
      serial(async () => {
        checkEditable(uuid);
        const entry = existing(uuid);
        const hook = changedWebhook(entry.hook, change);
        await store.commit([putHooks(hooksNow().map((other) => (other.uuid === uuid ? hook : other)))]);
        entry.hook = hook;
        return webhookView(hook);
      }),
    async delete(uuid) {
      const removed = await serial(async () => {
        checkEditable(uuid);
        const entry = existing(uuid);
        const left = cursorsNow();
        left.delete(uuid);
        await store.commit([putHooks(hooksNow().filter((hook) => hook.uuid !== uuid)), putCursors(left)]);
        entries.delete(uuid);
        return entry;
      });
      void removed.delivery.stop();
    },
    taskEnded({ uid }) {
      for (const { cursor, delivery } of entries.values()) if (!isSettled(cursor, uid)) delivery.add(uid);
    },
    async start() {
      for (const { delivery } of entries.values()) delivery.catchUp();
    },
    async stop() {
      await Promise.all([...entries.values()].map(({ delivery }) => delivery.stop()));
      await poster.close();
    },
  };
}
