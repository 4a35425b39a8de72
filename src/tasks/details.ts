import type { PartRecord, TaskRecord } from '../store/records.ts';
import type { Effect } from './effect.ts';

function sumOf(parts: readonly PartRecord[], field: string): number {
  let sum = 0;
  for (const part of parts) {
    if (!part.counts || part.details === null) continue;
    const value = (JSON.parse(part.details) as Record<string, unknown>)[field];
    if (typeof value === 'number') sum += value;
  }
  return sum;
}

/**
 * Everything was deleted on every node at once, so documents are counted on every copy; nodes that did not answer are
 * taken to hold as much as the others do on average.
 */
function deletedEverywhere(parts: readonly PartRecord[], copiesPerDocument: number): number {
  const answered = parts.filter((part) => part.status === 'succeeded');
  if (answered.length === 0 || copiesPerDocument === 0) return 0;
  const perNode = sumOf(answered, 'deletedDocuments') / answered.length;
  return Math.round((perNode * parts.length) / copiesPerDocument);
}

/** Parts of these steps delete whatever a node has, which is only counted while all copies are where they belong. */
const everything = ['delete-all', 'delete-index'];

function deletedDocuments(parts: readonly PartRecord[], copiesPerDocument: number): number {
  const whole = parts.filter((part) => part.counts && everything.includes(part.step));
  return whole.length > 0 ? deletedEverywhere(whole, copiesPerDocument) : sumOf(parts, 'deletedDocuments');
}

/** Details of an ended task (JSON text), one copy of each shard counted; null when its type shows none. */
export function endedDetails(
  record: TaskRecord,
  effect: Effect,
  status: 'succeeded' | 'failed' | 'canceled',
  parts: readonly PartRecord[],
  copiesPerDocument: number,
): string | null {
  if (record.details === null) return null;
  const succeeded = status === 'succeeded';
  const details = JSON.parse(record.details) as Record<string, unknown>;
  switch (record.type) {
    case 'documentAdditionOrUpdate':
      details.indexedDocuments = succeeded ? (effect.documents ?? 0) : 0;
      break;
    case 'documentDeletion':
    case 'indexDeletion':
      details.deletedDocuments = succeeded ? deletedDocuments(parts, copiesPerDocument) : 0;
      break;
    case 'documentEdition':
      details.editedDocuments = succeeded ? sumOf(parts, 'editedDocuments') : 0;
      // Meilisearch leaves this one as it was when an edition fails.
      details.deletedDocuments = succeeded ? sumOf(parts, 'deletedDocuments') : null;
      break;
    default:
      return record.details;
  }
  return JSON.stringify(details);
}
