/** A list that is read from its head. */
export interface Source<T> {
  /** The next element, or null at the end. */
  next(): T | null;
}

/** The source of an array. */
export function arraySource<T>(items: readonly T[]): Source<T> {
  let at = 0;
  return { next: () => (at < items.length ? (items[at++] as T) : null) };
}

/**
 * Merge lists by always taking the head that comes first (the earlier list on ties); no list is reordered. Ends after
 * `take` accepted elements.
 */
export function mergeSources<T>(
  sources: readonly Source<T>[],
  compare: (a: T, b: T) => number,
  take: number,
  accept: (item: T) => boolean = () => true,
): T[] {
  const merged: T[] = [];
  const heads = sources.flatMap((source) => {
    const head = source.next();
    return head === null ? [] : [{ head, source }];
  });
  while (merged.length < take && heads.length > 0) {
    let first = 0;
    for (let i = 1; i < heads.length; i++) {
      if (compare((heads[i] as { head: T }).head, (heads[first] as { head: T }).head) < 0) first = i;
    }
    const taken = heads[first] as { head: T; source: Source<T> };
    if (accept(taken.head)) merged.push(taken.head);
    const next = taken.source.next();
    if (next === null) heads.splice(first, 1);
    else taken.head = next;
  }
  return merged;
}
