/** A list that is read from its head. */
export interface Source<T> {
  /** The next element, or null at the end. */
  next(): T | null;
  /**
   * Whether, after the end, the list goes on where it came from. A method: V8 gives each object literal with an accessor a hidden
   * class of its own, which keeps alive all that the accessor sees until the next full collection.
   */
  isCut?(): boolean;
}

/** The source of an array. */
export function arraySource<T>(items: readonly T[]): Source<T> {
  let at = 0;
  return { next: () => (at < items.length ? (items[at++] as T) : null) };
}

/**
 * Merge lists by always taking the head that comes first (the earlier list on ties); no list is reordered. Ends after
 * `take` accepted elements, or when a list that is cut has ended, as nobody knows what would come next.
 */
export function mergeSources<T>(
  sources: readonly Source<T>[],
  compare: (a: T, b: T) => number,
  take: number,
  accept: (item: T) => boolean = () => true,
): T[] {
  const merged: T[] = [];
  const heads: { head: T; source: Source<T> }[] = [];
  for (const source of sources) {
    const head = source.next();
    if (head !== null) heads.push({ head, source });
    else if (source.isCut?.()) return merged;
  }
  while (merged.length < take && heads.length > 0) {
    let first = 0;
    for (let i = 1; i < heads.length; i++) {
      if (compare((heads[i] as { head: T }).head, (heads[first] as { head: T }).head) < 0) first = i;
    }
    const taken = heads[first] as { head: T; source: Source<T> };
    if (accept(taken.head)) merged.push(taken.head);
    const next = taken.source.next();
    if (next !== null) taken.head = next;
    else if (taken.source.isCut?.()) return merged;
    else heads.splice(first, 1);
  }
  return merged;
}
