/** Which tasks a webhook has been told about: all up to `last`, except those in `open`. */
export interface Cursor {
  last: number;
  /** Ascending ranges of task uids, both ends included. */
  open: [number, number][];
}

/** The cursor after which everything up to `last` is settled except these uids. */
export function cursorExcept(last: number, uids: readonly number[]): Cursor {
  const open: [number, number][] = [];
  for (const uid of [...new Set(uids)].sort((a, b) => a - b)) {
    const previous = open.at(-1);
    if (previous !== undefined && previous[1] === uid - 1) previous[1] = uid;
    else open.push([uid, uid]);
  }
  return { last, open };
}

/** Whether the webhook needs to hear nothing more about the task. */
export function isSettled({ last, open }: Cursor, uid: number): boolean {
  return uid <= last && !open.some(([from, to]) => from <= uid && uid <= to);
}

function without(open: readonly [number, number][], uid: number): [number, number][] {
  return open.flatMap(([from, to]): [number, number][] => {
    if (uid < from || uid > to) return [[from, to]];
    const left: [number, number][] = uid > from ? [[from, uid - 1]] : [];
    return uid < to ? [...left, [uid + 1, to]] : left;
  });
}

/** The cursor once these tasks are settled too. */
export function settle(cursor: Cursor, uids: readonly number[]): Cursor {
  let { last, open } = cursor;
  for (const uid of [...uids].sort((a, b) => a - b)) {
    if (uid > last) {
      if (uid > last + 1) open = [...open, [last + 1, uid - 1]];
      last = uid;
    } else open = without(open, uid);
  }
  return { last, open };
}

/** The lowest uid that is not settled. */
export function firstOpen({ last, open }: Cursor): number {
  return open[0]?.[0] ?? last + 1;
}
