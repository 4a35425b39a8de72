import type { DeletionMark, DeletionRecords } from '../store/records.ts';

/** What one copy has of a document. */
export interface HeldDocument {
  nodeId: string;
  /** Text of the version marker; empty when it has none. Null: the copy has no such document. */
  version: string | null;
  /** Hash of the content; 0 when it has none. */
  content: bigint;
}

/** What to do about a document that not all copies hold alike. */
export type Decision =
  | { kind: 'equal' }
  /** All copies get what this node has; `guessed`: nothing says that it is right, it is the copy asked first. */
  | { kind: 'write'; from: string; guessed: boolean }
  | { kind: 'delete' }
  /** A deletion by filter came after the document was written: whether it passes decides. */
  | { kind: 'ask'; from: string; filters: string[] }
  /** Nobody knows; it stays as it is. */
  | { kind: 'undecided' };

function majority<T>(values: readonly T[]): T | null {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first !== undefined && first[1] * 2 > values.length ? first[0] : null;
}

/** The copy with the newest version; of several contents with that version the one that most have, else that of the first. */
function newest(present: readonly HeldDocument[]): { best: HeldDocument; guessed: boolean } {
  const version = present.reduce((highest, held) => (held.version! > highest ? held.version! : highest), '');
  const latest = present.filter((held) => held.version === version);
  const most = majority(latest.map((held) => held.content));
  const best = latest.find((held) => held.content === most) ?? latest[0]!;
  return { best, guessed: most === null };
}

/**
 * Decides between copies that are all believed to be in sync. Among versions of a document the highest wins. Where a copy has
 * none, the document was either lost there or not deleted elsewhere: a deletion by id, or of everything, that is newer than the
 * document decides; one by filter decides if the document passes it; where deletions are known back to the document's version and
 * none concerns it, it was lost. What is left is decided by most copies, or not at all. `copies` in order of preference.
 */
export function decide(id: string, copies: readonly HeldDocument[], deletions: DeletionRecords): Decision {
  const present = copies.filter((held) => held.version !== null);
  if (present.length === 0) return { kind: 'equal' };
  const { best, guessed } = newest(present);
  const write: Decision = { kind: 'write', from: best.nodeId, guessed };
  if (present.length === copies.length) {
    return present.every((held) => held.content === best.content) ? { kind: 'equal' } : write;
  }
  const version = best.version ?? '';
  if ((deletions.tombstones.get(id) ?? '') > version) return { kind: 'delete' };
  const later = deletions.marks.filter((mark: DeletionMark) => mark.version > version);
  if (later.some(({ kind }) => kind === 'all')) return { kind: 'delete' };
  const certain = deletions.forgottenUpTo < version && !later.some(({ kind }) => kind === 'other');
  if (certain && later.length === 0) return write;
  if (certain) return { kind: 'ask', from: best.nodeId, filters: later.flatMap(({ filter }) => filter ?? []) };
  const most = majority(copies.map((held) => held.version !== null));
  if (most === null) return { kind: 'undecided' };
  return most ? write : { kind: 'delete' };
}
