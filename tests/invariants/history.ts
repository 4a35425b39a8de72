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
  write: WriteRecord;
  number: number;
  first: number;
  last: number;
}

/** Behind all that had ended when it started, before all that started when it had ended. */
function floating(write: WriteRecord, number: number, ordered: readonly WriteRecord[]): Floating {
  const first = ordered.findLastIndex((other) => other.endedAt < write.startedAt) + 1;
  const later = ordered.findIndex((other) => other.startedAt > write.endedAt);
  return { write, number, first, last: later === -1 ? ordered.length : later };
}

/** A state, and which of the floating writes that may still come are in it already. */
interface Branch {
  state: string | null;
  done: readonly Floating[];
}

function unique(branches: readonly Branch[]): Branch[] {
  const key = ({ state, done }: Branch) => `${done.map(({ number }) => number).sort()}|${state ?? ''}`;
  return [...new Map(branches.map((branch) => [key(branch), branch])).values()];
}

/** These branches, and all that come of them when open writes come, each once, in any order. */
function withOpen(id: string, branches: readonly Branch[], open: readonly Floating[]): Branch[] {
  let all = [...branches];
  for (let i = 0; i < all.length; i++) {
    const { state, done } = all[i]!;
    const coming = open.filter((one) => !done.includes(one));
    const added = coming.map((one) => ({ state: apply(one.write.op, id, state), done: [...done, one] }));
    if (added.length > 0) all = unique([...all, ...added]);
  }
  return all;
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
  const loose = own
    .filter((write) => write.outcome === 'unknown')
    .sort((a, b) => a.startedAt - b.startedAt)
    .map((write, number) => floating(write, number, ordered));
  let branches: Branch[] = [{ state: initial, done: [] }];
  let open: Floating[] = [];
  /** What can come no more need not be told apart: few writes are open at once, so branches stay few. */
  const close = (over: (one: Floating) => boolean) => {
    open = open.filter((one) => !over(one));
    branches = unique(branches.map(({ state, done }) => ({ state, done: done.filter((one) => open.includes(one)) })));
  };
  for (let position = 0; position <= ordered.length; position++) {
    branches = withOpen(id, branches, open);
    for (const next of loose.filter(({ first }) => first === position)) {
      close((one) => one.last <= position && one.write.endedAt < next.write.startedAt);
      open.push(next);
      branches = withOpen(id, branches, open);
    }
    const write = ordered[position];
    if (write === undefined) break;
    const applied = branches.map(({ state, done }) => ({ state: apply(write.op, id, state), done }));
    branches = write.status === 'succeeded' ? applied : [...applied, ...branches];
    close(({ last }) => last <= position);
  }
  return new Set(branches.map((branch) => branch.state));
}

/** Whether any of the writes leaves doubt about what the document is. */
export function isCertain(states: PossibleStates): boolean {
  return states.size === 1;
}
