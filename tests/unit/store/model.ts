import type { PartRecord, TaskRecord, TaskStatus } from '../../../src/store/records.ts';
import type { DateRange, NewPart, NewTask, TaskFilter, TaskPage } from '../../../src/store/store.ts';

const statuses: TaskStatus[] = ['enqueued', 'processing', 'succeeded', 'failed', 'canceled'];

/** Nanoseconds since the epoch, worked out apart from the code under test. */
export function nanoseconds(instant: string): bigint {
  const match = /^(.*?)(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/.exec(instant);
  const [, whole = '', fraction = '', offset = ''] = match ?? [];
  return BigInt(Date.parse(whole + offset)) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

function inRange(instant: string | null, range: DateRange | undefined): boolean {
  if (range === undefined || (range.after === undefined && range.before === undefined)) return true;
  if (instant === null) return false;
  const at = nanoseconds(instant);
  if (range.after !== undefined && at <= nanoseconds(range.after)) return false;
  return range.before === undefined || at < nanoseconds(range.before);
}

const among = <T>(value: T | null, list: readonly T[] | undefined) =>
  list === undefined || (value !== null && list.includes(value));

function matches(task: TaskRecord, filter: TaskFilter): boolean {
  return (
    among(task.uid, filter.uids) &&
    among(task.status, filter.statuses) &&
    among(task.type, filter.types) &&
    among(task.indexUid, filter.indexUids) &&
    among(task.canceledBy, filter.canceledBy) &&
    inRange(task.enqueuedAt, filter.enqueuedAt) &&
    inRange(task.startedAt, filter.startedAt) &&
    inRange(task.finishedAt, filter.finishedAt)
  );
}

const isOpen = (part: PartRecord) => part.status === 'enqueued' || part.status === 'processing';

/** What a store means, in plain arrays: the property test compares every backend with it. */
export class ModelStore {
  tasks: TaskRecord[] = [];
  parts: PartRecord[] = [];
  nextUid = 0;

  createTask(task: NewTask, parts: readonly NewPart[]): TaskRecord {
    const record = { ...task, uid: this.nextUid++ };
    this.tasks.push(record);
    this.parts.push(...parts.map((part) => ({ ...part, taskUid: record.uid })));
    return record;
  }

  putTask(record: TaskRecord): void {
    this.tasks = this.tasks.map((task) => (task.uid === record.uid ? record : task));
  }

  putPart(record: PartRecord): void {
    const same = (part: PartRecord) => part.taskUid === record.taskUid && part.part === record.part;
    this.parts = [...this.parts.filter((part) => !same(part)), record];
  }

  page(page: TaskPage): { records: TaskRecord[]; total: number; next: number | null } {
    const matching = this.tasks.filter((task) => matches(task, page)).sort((a, b) => a.uid - b.uid);
    const ordered = page.reverse === true ? matching : [...matching].reverse();
    const { from } = page;
    const reached = ordered.filter((task) => {
      if (from === undefined) return true;
      return page.reverse === true ? task.uid >= from : task.uid <= from;
    });
    return {
      records: reached.slice(0, page.limit),
      total: matching.length,
      next: reached[page.limit]?.uid ?? null,
    };
  }

  partsOf(taskUid: number): PartRecord[] {
    return this.parts.filter((part) => part.taskUid === taskUid).sort((a, b) => a.part - b.part);
  }

  openParts(): PartRecord[] {
    return this.parts.filter(isOpen).sort((a, b) => a.taskUid - b.taskUid || a.part - b.part);
  }

  unfinished(): TaskRecord[] {
    return this.tasks.filter((task) => task.phase !== 'ended').sort((a, b) => a.uid - b.uid);
  }

  counts(): Record<string, number> {
    const count = (status: TaskStatus) => this.tasks.filter((task) => task.status === status).length;
    return Object.fromEntries(statuses.map((status) => [status, count(status)]));
  }

  prune(finishedBefore: string, limit: number): number {
    const limitAt = nanoseconds(finishedBefore);
    const order = (task: TaskRecord) => nanoseconds(task.finishedAt ?? '');
    const old = this.tasks
      .filter((task) => task.phase === 'ended' && task.finishedAt !== null && order(task) < limitAt)
      .filter((task) => !this.partsOf(task.uid).some(isOpen))
      .sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : a.uid - b.uid));
    return this.#drop(old.slice(0, limit));
  }

  delete(uids: readonly number[]): number {
    return this.#drop(this.tasks.filter((task) => task.phase === 'ended' && uids.includes(task.uid)));
  }

  indexUids(): string[] {
    return [...new Set(this.tasks.flatMap((task) => task.indexUid ?? []))].sort();
  }

  #drop(gone: readonly TaskRecord[]): number {
    const uids = new Set(gone.map((task) => task.uid));
    this.tasks = this.tasks.filter((task) => !uids.has(task.uid));
    this.parts = this.parts.filter((part) => !uids.has(part.taskUid));
    return uids.size;
  }
}
