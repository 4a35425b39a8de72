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

/** The head of a list that is being merged. */
interface Head<T> {
  item: T;
  source: Source<T>;
  /** Position of the list among all. */
  list: number;
}

/** Puts a head among those that are in order; of equal ones the earlier list's comes first. */
function enter<T>(heads: Head<T>[], one: Head<T>, compare: (a: T, b: T) => number): void {
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = heads[middle] as Head<T>;
    if ((compare(one.item, other.item) || one.list - other.list) < 0) high = middle;
    else low = middle + 1;
  }
  heads.splice(low, 0, one);
}

/**
 * Merge lists by always taking the head that comes first (the earlier list on ties); no list is reordered. Ends after
 * `take` accepted elements, or when a list that is cut has ended, as nobody knows what would come next. The heads are kept in
 * order, so that an element costs about log2(lists) comparisons.
 */
export function mergeSources<T>(
  sources: readonly Source<T>[],
  compare: (a: T, b: T) => number,
  take: number,
  accept: (item: T) => boolean = () => true,
): T[] {
  const merged: T[] = [];
  const heads: Head<T>[] = [];
  for (const [list, source] of sources.entries()) {
    const item = source.next();
    if (item !== null) enter(heads, { item, source, list }, compare);
    else if (source.isCut?.()) return merged;
  }
  while (merged.length < take) {
    const first = heads.shift();
    if (first === undefined) break;
    if (accept(first.item)) merged.push(first.item);
    const next = first.source.next();
    if (next === null) {
      if (first.source.isCut?.()) return merged;
      continue;
    }
    first.item = next;
    enter(heads, first, compare);
  }
  return merged;
}
