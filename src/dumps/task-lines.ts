import { settingNames } from '../indexes/settings/names.ts';
import type { TaskRecord } from '../store/records.ts';

type Json = Record<string, unknown>;

/** A task as the dump has it: what it was to do, and its details in the words of the file. */
interface Described {
  type: string | Json;
  details?: Json;
}

/** No task uids, as the bitmaps of the format are written. */
const noTasks = [58, 48, 0, 0, 0, 0, 0, 0];

function deletion(details: Json): Described {
  const { providedIds, deletedDocuments, originalFilter } = details;
  if (providedIds === undefined) {
    return { type: 'documentClear', details: { ClearAll: { deleted_documents: deletedDocuments } } };
  }
  if (typeof originalFilter === 'string') {
    return {
      type: { documentDeletionByFilter: { filter: JSON.parse(originalFilter) as unknown } },
      details: { DocumentDeletionByFilter: { original_filter: originalFilter, deleted_documents: deletedDocuments } },
    };
  }
  return {
    type: { documentDeletion: { documents_ids: [] } },
    details: { DocumentDeletion: { provided_ids: providedIds, deleted_documents: deletedDocuments } },
  };
}

function indexInfo(details: Json): Json {
  const { primaryKey = null, newIndexUid = null, oldIndexUid = null } = details;
  return { IndexInfo: { primary_key: primaryKey, new_index_uid: newIndexUid, old_index_uid: oldIndexUid } };
}

function settings(details: Json): Described {
  const everything = settingNames.every((name) => name in details);
  return {
    type: { settings: { settings: details, is_deletion: everything, allow_index_creation: true } },
    details: { SettingsUpdate: { settings: details } },
  };
}

function overTasks(kind: 'cancel' | 'delete', details: Json): Described {
  const { matchedTasks: matched_tasks, originalFilter: original_filter } = details;
  const type = { query: original_filter, tasks: noTasks };
  if (kind === 'cancel') {
    const canceled_tasks = details.canceledTasks;
    return {
      type: { taskCancelation: type },
      details: { TaskCancelation: { matched_tasks, canceled_tasks, original_filter } },
    };
  }
  const deleted_tasks = details.deletedTasks;
  return {
    type: { tasksDeletion: type },
    details: { TaskDeletion: { matched_tasks, deleted_tasks, original_filter } },
  };
}

const describers: Record<string, (details: Json) => Described> = {
  documentAdditionOrUpdate: (details) => ({
    type: {
      documentImport: {
        primary_key: null,
        method: 'ReplaceDocuments',
        documents_count: details.receivedDocuments,
        allow_index_creation: true,
      },
    },
    details: {
      DocumentAdditionOrUpdate: {
        received_documents: details.receivedDocuments,
        indexed_documents: details.indexedDocuments,
      },
    },
  }),
  documentEdition: (details) => {
    const { originalFilter = null, context = null, function: code, deletedDocuments, editedDocuments } = details;
    const filter = typeof originalFilter === 'string' ? (JSON.parse(originalFilter) as unknown) : null;
    return {
      type: { documentEdition: { filter, context, function: code } },
      details: {
        DocumentEdition: {
          deleted_documents: deletedDocuments,
          edited_documents: editedDocuments,
          original_filter: originalFilter,
          context,
          function: code,
        },
      },
    };
  },
  documentDeletion: deletion,
  settingsUpdate: settings,
  indexCreation: (details) => ({
    type: { indexCreation: { primary_key: details.primaryKey ?? null } },
    details: indexInfo(details),
  }),
  indexUpdate: (details) => ({
    type: { indexUpdate: { primary_key: details.primaryKey ?? null, uid: details.newIndexUid ?? null } },
    details: indexInfo(details),
  }),
  indexDeletion: (details) => ({
    type: 'indexDeletion',
    details: { ClearAll: { deleted_documents: details.deletedDocuments } },
  }),
  indexSwap: ({ swaps }) => ({ type: { indexSwap: { swaps } }, details: { IndexSwap: { swaps } } }),
  taskCancelation: (details) => overTasks('cancel', details),
  taskDeletion: (details) => overTasks('delete', details),
  dumpCreation: (details) => ({
    type: { dumpCreation: { keys: [], instance_uid: null } },
    details: { Dump: { dump_uid: details.dumpUid ?? null } },
  }),
};

/**
 * A line of `tasks/queue.jsonl` for an ended task. What Miroir does not keep is left empty: the ids of a deletion, the
 * uids behind a cancellation, whether an addition replaced or updated. Null for types that Meilisearch does not know.
 */
export function taskLine(task: TaskRecord): string | null {
  const details = JSON.parse(task.details ?? '{}') as Json;
  const described = describers[task.type]?.(details);
  if (described === undefined) return null;
  return JSON.stringify({
    uid: task.uid,
    batchUid: null,
    indexUid: task.indexUid,
    status: task.status,
    type: described.type,
    ...(task.canceledBy === null ? {} : { canceledBy: task.canceledBy }),
    ...(described.details === undefined ? {} : { details: described.details }),
    ...(task.error === null ? {} : { error: JSON.parse(task.error) as unknown }),
    enqueuedAt: task.enqueuedAt,
    ...(task.startedAt === null ? {} : { startedAt: task.startedAt }),
    ...(task.finishedAt === null ? {} : { finishedAt: task.finishedAt }),
  });
}
