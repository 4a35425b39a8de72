import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../observability/log.ts';
import type { TaskRecord } from '../../store/records.ts';
import { taskView } from '../../tasks/view.ts';
import type { WebhookPoster } from './post.ts';
import type { Webhook } from './webhook.ts';

/** What became of one request: taken, to be tried again, or given up. */
export type DeliveryOutcome = 'delivered' | 'retried' | 'dropped';

/** What delivering to one webhook is built from. */
export interface DeliveryOptions {
  /** As it is now; it may change between attempts. */
  hook(): Webhook;
  poster: Pick<WebhookPoster, 'post'>;
  task(uid: number): Promise<TaskRecord | null>;
  /** These tasks are delivered, or given up. */
  onSettled(uids: readonly number[]): Promise<void>;
  /** Uids, ascending, of ended tasks that are not settled, at most `limit`. Asked when more had ended than are remembered. */
  backlog(limit: number): Promise<number[]>;
  onOutcome(outcome: DeliveryOutcome): void;
  /** Milliseconds before the second attempt; each further wait is twice as long. */
  firstRetryMs: number;
  log: Logger;
}

/** Tells one webhook about ended tasks, one request at a time. */
export interface Delivery {
  /** A task has ended. Returns at once. */
  add(uid: number): void;
  /** Ask for the backlog. */
  catchUp(): void;
  stop(): Promise<void>;
}

const maxAttempts = 5;
/** Task uids remembered per webhook; beyond that they are found again in the store. */
const remembered = 10_000;
const tasksPerRequest = 1_000;
/** Milliseconds in which tasks that end together are gathered for one request. */
const gatherMs = 20;

/** Starts delivering. Order is that of ending, as far as Miroir saw it. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { log } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const pending = new Set<number>();
  let behind = false;
  let running: Promise<void> | null = null;

  async function lines(uids: readonly number[]): Promise<string> {
    let text = '';
    for (const uid of uids) {
      const record = await options.task(uid);
      // A task that was deleted meanwhile has nothing to tell.
      if (record !== null) text += `${taskView(record)}\n`;
    }
    return text;
  }

  async function deliver(text: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const hook = options.hook();
      try {
        await options.poster.post(hook, text, signal);
        options.onOutcome('delivered');
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        const reason = (error as Error).message;
        const last = attempt === maxAttempts;
        options.onOutcome(last ? 'dropped' : 'retried');
        log.warn({ webhook: hook.uuid, attempt, reason }, last ? 'webhook gave up on tasks' : 'webhook failed');
        if (last) return;
        await sleep(options.firstRetryMs * 2 ** (attempt - 1), undefined, { signal });
      }
    }
  }

  async function round(): Promise<void> {
    if (pending.size === 0) {
      behind = false;
      for (const uid of await options.backlog(remembered)) pending.add(uid);
      if (pending.size >= remembered) behind = true;
    }
    const uids = [...pending].slice(0, tasksPerRequest);
    if (uids.length === 0) return;
    const text = await lines(uids);
    if (text !== '') await deliver(text);
    await options.onSettled(uids);
    for (const uid of uids) pending.delete(uid);
  }

  async function run(): Promise<void> {
    await sleep(gatherMs, undefined, { signal });
    while ((pending.size > 0 || behind) && !signal.aborted) await round();
  }

  function wake(): void {
    if (running !== null || signal.aborted) return;
    running = run()
      .catch(async (error: unknown) => {
        if (signal.aborted) return;
        log.error({ err: error }, 'webhook deliveries were interrupted; will go on');
        await sleep(options.firstRetryMs, undefined, { signal }).catch(() => undefined);
      })
      .finally(() => {
        running = null;
        if (pending.size > 0 || behind) wake();
      });
  }

  return {
    add(uid) {
      if (pending.size >= remembered) behind = true;
      else pending.add(uid);
      wake();
    },
    catchUp() {
      behind = true;
      wake();
    },
    async stop() {
      controller.abort();
      await running;
    },
  };
}
