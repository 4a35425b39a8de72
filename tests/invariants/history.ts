import type { TaskStatus } from '../../src/store/records.ts';

/** A stored document as clients see it. */
export type Doc = Readonly<Record<string, unknown>> & { readonly id: string };

/** What a write did, if it did anything. */
export type WriteOp =
  /** `POST`: each document replaces the one with its id. */
  | { kind: 'replace'; documents: readonly Doc[] }
  /** `PUT`: the fields of each document are added to or replace those of the one with its id. */
  | { kind: 'update'; documents: readonly Doc[] }
  /** By id or by batch. */
  | { kind: 'delete'; ids: readonly string[] }
  /** By filter: everything with these values. */
  | { kind: 'deleteWhere'; where: Readonly<Record<string, string | number>> };

/** One write as its client saw it. Times are of one clock that never goes back. */
export interface WriteRecord {
  op: WriteOp;
  startedAt: number;
  /** When its answer came, or when it was given up. */
  endedAt: number;
  /** `acknowledged`: 202. `refused`: an error that says that nothing was written. `unknown`: any other error, or no answer. */
  outcome: 'acknowledged' | 'refused' | 'unknown';
  /** Of an acknowledged write. */
  taskUid: number | null;
  /** How its task ended; null when that is not known. */
  status: TaskStatus | null;
  /** What the client was told instead of an acknowledgement. */
  error?: string;
}

/** What one document can be: its canonical text, or null when it is not there. */
export type PossibleStates = ReadonlySet<string | null>;

/** JSON with sorted keys, so that equal documents are equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The document with this id after a write. */
function apply(op: WriteOp, id: string, before: string | null): string | null {
  switch (op.kind) {
    case 'replace':
      return op.documents.reduce((state, doc) => (doc.id === id ? canonical(doc) : state), before);
    case 'update': {
      const merge = (state: string | null, doc: Doc) => canonical({ ...JSON.parse(state ?? '{}'), ...doc });
      return op.documents.reduce((state, doc) => (doc.id === id ? merge(state, doc) : state), before);
    }
    case 'delete':
      return op.ids.includes(id) ? null : before;
    case 'deleteWhere': {
      if (before === null) return null;
      const doc = JSON.parse(before) as Record<string, unknown>;
      return Object.entries(op.where).every(([key, value]) => doc[key] === value) ? null : before;
    }
  }
}

/** Whether a write can change the document with this id. */
export function touches(op: WriteOp, id: string): boolean {
  switch (op.kind) {
    case 'replace':
    case 'update':
      return op.documents.some((doc) => doc.id === id);
    case 'delete':
      return op.ids.includes(id);
    case 'deleteWhere':
      return true;
  }
}

/** A write without an answer, and between which acknowledged writes (by position) it can have come. */
interface Floating {
  op: WriteOp;
  first: number;
  last: number;
}

/** Where a write with unknown task may stand: behind all that had ended when it started, before all that started when it had ended. */
function floating(write: WriteRecord, ordered: readonly WriteRecord[]): Floating {
  const first = ordered.findLastIndex((other) => other.endedAt < write.startedAt) + 1;
  const later = ordered.findIndex((other) => other.startedAt > write.endedAt);
  return { op: write.op, first, last: later === -1 ? ordered.length : later };
}

/** States times which floating writes are in them already, as one text each. */
interface Branch {
  state: string | null;
  done: ReadonlySet<Floating>;
}

function unique(branches: readonly Branch[], ids: ReadonlyMap<Floating, number>): Branch[] {
  const seen = new Map<string, Branch>();
  for (const branch of branches) {
    const done = [...branch.done].map((one) => ids.get(one)).sort();
    seen.set(`${done.join()}|${branch.state ?? ''}`, branch);
  }
  return [...seen.values()];
}

/**
 * What a document may be after these writes: acknowledged writes whose task succeeded count, in task order; those whose
 * task ended otherwise, or is not known to have ended, may count or not; writes without an answer may have come anywhere
 * that their time allows, or not at all; refused ones never count. `initial` is the document before all of them.
 */
export function possibleStates(id: string, writes: readonly WriteRecord[], initial: string | null): PossibleStates {
  const own = writes.filter((write) => touches(write.op, id));
  const ordered = own
    .filter((write) => write.outcome === 'acknowledged')
    .sort((a, b) => (a.taskUid ?? 0) - (b.taskUid ?? 0));
  const loose = own.filter((write) => write.outcome === 'unknown').map((write) => floating(write, ordered));
  const ids = new Map(loose.map((one, i) => [one, i]));
  let branches: Branch[] = [{ state: initial, done: new Set() }];
  for (let position = 0; position <= ordered.length; position++) {
    const here = loose.filter((one) => one.first <= position && position <= one.last);
    for (let i = 0; i < branches.length; i++) {
      const branch = branches[i]!;
      const added = here
        .filter((one) => !branch.done.has(one))
        .map((one) => ({ state: apply(one.op, id, branch.state), done: new Set([...branch.done, one]) }));
      branches = unique([...branches, ...added], ids);
    }
    const write = ordered[position];
    if (write === undefined) break;
    const gone = new Set(loose.filter((one) => one.last <= position));
    const kept = (done: ReadonlySet<Floating>) => new Set([...done].filter((one) => !gone.has(one)));
    const applied = branches.map(({ state, done }) => ({ state: apply(write.op, id, state), done: kept(done) }));
    const skipped =
      write.status === 'succeeded' ? [] : branches.map(({ state, done }) => ({ state, done: kept(done) }));
    branches = unique([...applied, ...skipped], ids);
  }
  return new Set(branches.map((branch) => branch.state));
}

/** Whether any of the writes leaves doubt about what the document is. */
export function isCertain(states: PossibleStates): boolean {
  return states.size === 1;
}
