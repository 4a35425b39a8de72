import { arraySource, mergeSources } from '../search/merge/kway.ts';

/** What is known of one node's list of documents before its documents are fetched. */
export interface ListHead {
  /** Length of the whole list. */
  total: number;
  /** Write versions of its first documents (at most `mergedPrefix`), as texts that compare like versions. */
  versions: readonly string[];
}

/** A stretch of one node's list. */
export interface ListWindow {
  offset: number;
  limit: number;
}

/** A page of the joint list: which stretch of each list it needs, and from which list each of its documents comes. */
export interface PagePlan {
  windows: ListWindow[];
  /** Numbers of lists; each occurrence takes the next document of that list's window. */
  sequence: number[];
}

/** So many documents of each list are brought into the order in which they were written; what follows is concatenated. */
export const mergedPrefix = 1_000;

/**
 * A document that was written again keeps its place, so it cannot be younger than what follows it in its list: the
 * versions that this leaves are ascending.
 */
function ascending(versions: readonly string[]): string[] {
  const bounded = [...versions];
  for (let i = bounded.length - 2; i >= 0; i--) {
    const next = bounded[i + 1] as string;
    if ((bounded[i] as string) > next) bounded[i] = next;
  }
  return bounded;
}

function mergedSequence(heads: readonly ListHead[]): number[] {
  const sources = heads.map((head, list) =>
    arraySource(ascending(head.versions).map((version) => ({ version, list }))),
  );
  const merged = mergeSources(
    sources,
    (a, b) => (a.version < b.version ? -1 : Number(a.version > b.version)),
    Number.POSITIVE_INFINITY,
  );
  return merged.map(({ list }) => list);
}

/** Adds what the page takes from the parts behind the merged prefixes, list after list. */
function takeTails(heads: readonly ListHead[], skip: number, take: number, plan: PagePlan): void {
  let skipped = skip;
  let left = take;
  heads.forEach((head, list) => {
    const tail = head.total - head.versions.length;
    const from = Math.min(skipped, tail);
    const count = Math.min(left, tail - from);
    skipped -= from;
    if (count <= 0) return;
    left -= count;
    const window = plan.windows[list] as ListWindow;
    if (window.limit === 0) window.offset = head.versions.length + from;
    window.limit += count;
    for (let i = 0; i < count; i++) plan.sequence.push(list);
  });
}

/**
 * The page at `offset` of the list that all nodes' lists make together: first their prefixes merged by version, then the
 * rest of one list after the other. Each document is on exactly one page, and a page costs the same wherever it is.
 */
export function planPage(heads: readonly ListHead[], offset: number, limit: number): PagePlan {
  const merged = mergedSequence(heads);
  const plan: PagePlan = { windows: heads.map(() => ({ offset: 0, limit: 0 })), sequence: [] };
  merged.slice(0, offset).forEach((list) => {
    (plan.windows[list] as ListWindow).offset++;
  });
  for (const list of merged.slice(offset, offset + limit)) {
    (plan.windows[list] as ListWindow).limit++;
    plan.sequence.push(list);
  }
  takeTails(heads, Math.max(0, offset - merged.length), limit - plan.sequence.length, plan);
  return plan;
}
