import { versionAt, versionMarker } from '../documents/markers.ts';
import { ApiError } from '../errors/api-error.ts';
import type { Logger } from '../observability/log.ts';
import type { AdminVerification } from '../placement/admin-types.ts';
import type { IndexRecord } from '../store/records.ts';
import type { StoreChange } from '../store/store.ts';
import { type Clock, rfc3339 } from '../tasks/clock.ts';
import type { ClusterState } from '../tasks/cluster-state.ts';
import type { VerifyShard } from './verify-index.ts';

/** What verifying indexes is built from. */
export interface VerifierOptions {
  state: Pick<ClusterState, 'store' | 'catalog' | 'commit'>;
  verifyShard: VerifyShard;
  /** Milliseconds between the beginnings of two verifications of everything; null: only on demand. */
  intervalMs: number | null;
  /** Milliseconds that deletions are remembered. */
  rememberMs: number;
  onShard(found: { differed: number; written: number; deleted: number }): void;
  now: Clock;
  log: Logger;
}

/** Compares the copies of whole indexes, one index after the other; where it stands survives a restart. */
export interface Verifier {
  /** Begin, or join the verification under way. Throws `index_not_found`. */
  verify(uid: string): Promise<AdminVerification>;
  /** The last report, or null when there was none. Throws `index_not_found`. */
  report(uid: string): AdminVerification | null;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const scheduleKey = 'antiEntropy';
const tickMs = 5_000;
const mostFailures = 3;
const pruneEveryMs = 600_000;
/** Deletions that are remembered at most, whatever their age. */
const mostDeletions = 1_000_000;

function freshReport(index: IndexRecord, trigger: AdminVerification['trigger'], startedAt: string): AdminVerification {
  return {
    index: index.uid,
    status: 'running',
    trigger,
    startedAt,
    finishedAt: null,
    shards: { total: index.shards, done: 0, single: 0 },
    comparedDocuments: 0,
    differed: 0,
    written: 0,
    deleted: 0,
    guessed: 0,
    undecided: 0,
    unsettled: 0,
    error: null,
  };
}

/** Builds it. */
export function createVerifier(options: VerifierOptions): Verifier {
  const { state, log, now } = options;
  const reports = new Map<number, AdminVerification>();
  const waiting: number[] = [];
  const stopping = new AbortController();
  let working: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let lastRound = 0;
  let lastPruning = 0;

  function indexOf(uid: string): IndexRecord {
    const index = state.catalog.visible(uid);
    if (index === null) throw new ApiError('index_not_found', `Index \`${uid}\` not found.`);
    return index;
  }

  async function save(indexId: number, report: AdminVerification): Promise<void> {
    reports.set(indexId, report);
    await state.commit([{ kind: 'putVerification', indexId, report: JSON.stringify(report) }]);
  }

  async function verifyShards(index: IndexRecord, report: AdminVerification): Promise<void> {
    while (report.shards.done < report.shards.total) {
      const count = (documents: number) => {
        report.comparedDocuments += documents;
      };
      const found = await options.verifyShard(index, report.shards.done, count, stopping.signal);
      for (const name of ['differed', 'written', 'deleted', 'guessed', 'undecided', 'unsettled'] as const) {
        report[name] += found[name];
      }
      if (found.copies < 2) report.shards.single++;
      report.shards.done++;
      options.onShard(found);
      await save(index.id, report);
    }
  }

  async function run(indexId: number): Promise<void> {
    const report = reports.get(indexId);
    for (let failures = 1; report !== undefined; failures++) {
      const index = state.catalog.byId(indexId);
      if (index?.state !== 'active') return;
      try {
        await verifyShards(index, report);
        report.status = 'done';
        break;
      } catch (error) {
        if (stopping.signal.aborted) return;
        log.warn({ index: index.uid, reason: (error as Error).message }, 'copies could not be compared');
        if (failures < mostFailures) continue;
        report.status = 'failed';
        report.error = (error as Error).message;
        break;
      }
    }
    if (report === undefined) return;
    report.finishedAt = rfc3339(now());
    await save(indexId, report);
    const { index, differed, written, deleted, undecided } = report;
    log[differed > 0 ? 'warn' : 'info'](
      { index, differed, written, deleted, undecided },
      'compared the copies of an index',
    );
  }

  async function workOff(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined && !stopping.signal.aborted; next = waiting.shift()) {
      await run(next).catch((error: unknown) => log.error({ err: error }, 'a verification was lost'));
    }
  }

  function wake(): void {
    working ??= workOff().finally(() => {
      working = null;
      if (waiting.length > 0 && !stopping.signal.aborted) wake();
    });
  }

  async function begin(index: IndexRecord, trigger: AdminVerification['trigger']): Promise<AdminVerification> {
    const known = reports.get(index.id);
    if (known?.status === 'running') return known;
    const report = freshReport(index, trigger, rfc3339(now()));
    await save(index.id, report);
    waiting.push(index.id);
    wake();
    return report;
  }

  /** Forget old deletions, also those that nobody wrote down because an earlier Miroir did not. */
  async function prune(): Promise<void> {
    if (now() - lastPruning < pruneEveryMs) return;
    lastPruning = now();
    await state.store.pruneDeletions(versionMarker(versionAt(now() - options.rememberMs)), mostDeletions);
  }

  async function firstStart(): Promise<void> {
    const upTo = versionMarker(versionAt(now()));
    await state.commit([
      { kind: 'putMeta', key: scheduleKey, value: String(now()) },
      ...state.catalog.all().map(({ id }): StoreChange => ({ kind: 'forgetDeletions', indexId: id, upTo })),
    ]);
  }

  /** Everything in turn, once per interval. */
  async function tick(): Promise<void> {
    await prune();
    if (options.intervalMs === null || now() - lastRound < options.intervalMs) return;
    lastRound = now();
    await state.commit([{ kind: 'putMeta', key: scheduleKey, value: String(lastRound) }]);
    for (const index of state.catalog.listVisible()) if (index.state === 'active') await begin(index, 'schedule');
  }

  return {
    verify: (uid) => begin(indexOf(uid), 'request'),
    report: (uid) => reports.get(indexOf(uid).id) ?? null,
    async start() {
      for (const [indexId, text] of await state.store.verifications()) {
        const report = JSON.parse(text) as AdminVerification;
        reports.set(indexId, report);
        if (report.status === 'running') waiting.push(indexId);
      }
      wake();
      const before = await state.store.meta(scheduleKey);
      // the first round of a new cluster comes one interval after its start
      lastRound = before === null ? now() : Number(before);
      if (before === null) await firstStart();
      timer = setInterval(() => {
        tick().catch((error: unknown) => log.warn({ err: error }, 'could not begin to compare copies'));
      }, tickMs);
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      stopping.abort();
      await working;
    },
  };
}
