import { type ErrorType, meilisearchCodes } from './meilisearch-codes.ts';

export type { ErrorType };

interface MiroirCode {
  readonly status: number;
  readonly type: ErrorType;
  /** What happened and what to do, for `docs/errors.md`. */
  readonly help: string;
}

const own = (status: number, type: ErrorType, help: string): MiroirCode => ({ status, type, help });

/** Miroir's own codes: what Meilisearch has no word for. `docs/errors.md` is generated from this table. */
export const miroirCodes = {
  miroir_reserved_field: own(
    400,
    'invalid_request',
    'A document holds a field whose name begins with `_miroir_`. Those names are kept for Miroir; rename the field and send the documents again. Nothing of the batch was written.',
  ),
  miroir_shard_unavailable: own(
    503,
    'system',
    'No in-sync copy of a needed shard can be reached. Look at `GET /_miroir/topology` for nodes that are down or copies that are stale, bring a node back, then retry.',
  ),
  miroir_write_incomplete: own(
    503,
    'system',
    'Fewer copies than `write.min_copies` can take, or took, a write, so it is not acknowledged. The message says whether nothing was written or part of it may show. Bring the missing nodes back and send the same request again: writing a document twice does no harm.',
  ),
  miroir_no_quorum: own(
    503,
    'system',
    'Fewer copies than `write.consistency` (`quorum` or `all`) asks for can take, or took, a write, so it is not acknowledged. The message says whether nothing was written or part of it may show. Bring the missing nodes back and send the same request again.',
  ),
  miroir_task_interrupted: own(
    503,
    'system',
    'Miroir stopped before every node had taken this write, and the client got no acknowledgement for it. Send the request again.',
  ),
  miroir_node_task_lost: own(
    500,
    'system',
    'A node that had accepted a write no longer knows it, for example because its disk was restored from a backup, and no other copy holds it. Restore the node or load the documents again.',
  ),
  miroir_settings_diverged: own(
    500,
    'system',
    'After a settings change the nodes did not report equal settings, so the change was rolled back. Send it again; if it persists, compare the settings of the nodes named in the log.',
  ),
  miroir_reshard_conflict: own(
    409,
    'invalid_request',
    'The number of shards of the index cannot be changed like this now; the message says why: it has that number already, its resharding is under way or its former layout still kept, or there is nothing to abort, roll back or finish. Look at `GET /_miroir/indexes/{uid}/reshard`.',
  ),
  miroir_index_busy: own(
    503,
    'system',
    'The operation has to wait until earlier tasks of the index have ended, and they did not within the time allowed. Check `GET /tasks?statuses=enqueued,processing` and retry.',
  ),
  miroir_overloaded: own(
    503,
    'system',
    'A limit was reached and the request was refused before anything happened: `server.max_concurrent_requests` with `server.max_queued_requests`, `server.queue_timeout`, `server.memory_limit`, `write.max_waiting` or `tasks.max_unfinished`; the message says which. Retry after the time in `Retry-After`.',
  ),
  miroir_request_timeout: own(
    408,
    'invalid_request',
    'Nothing of a request body arrived for `server.stall_timeout`. Nothing was written; send the request again.',
  ),
  miroir_store_unavailable: own(
    503,
    'system',
    'The task store could not be written (disk full, locked or gone), so the write is not acknowledged. Free the store, then send the request again. Searches go on meanwhile.',
  ),
  miroir_idempotency_key_reused: own(
    409,
    'invalid_request',
    'The `Idempotency-Key` of this write came with another request before: method, path, body or API key differ. Use a new key for each new request, and the same one only to repeat a request.',
  ),
  miroir_invalid_header: own(
    400,
    'invalid_request',
    'The value of a header of Miroir’s own cannot be used; the message names the header and what it may hold. Nothing was done.',
  ),
  miroir_invalid_dump: own(
    400,
    'invalid_request',
    'A file that was to be imported is no Meilisearch dump of version 6, is damaged, or breaks a limit; the message says which. Nothing of it is imported, except when a single document is larger than `server.max_body_bytes`: what came before it stays.',
  ),
  miroir_import_stopped: own(
    400,
    'invalid_request',
    'A task that an import of a dump had sent was cancelled, so the import ended there. Delete the indexes it had created, or import again with `onConflict=replace`.',
  ),
  miroir_node_not_found: own(
    404,
    'invalid_request',
    'No node of the cluster has this id. `GET /_miroir/topology` and `miroir-ctl topology` list them.',
  ),
  miroir_invalid_topology: own(
    409,
    'invalid_request',
    'The nodes, groups or the replication factor cannot be changed as asked; the message says why. Nothing was changed. Where copies would be missing or lost the change can be forced.',
  ),
  miroir_node_unusable: own(
    400,
    'invalid_request',
    'The node that was to be added gives no usable answer or does not take `node_master_key`; the message says what it answered. Start it, correct the address or the key, and add it again.',
  ),
  miroir_not_verified: own(
    404,
    'invalid_request',
    'There is no report for this index yet. Begin with `POST /_miroir/indexes/{uid}/verify` or `miroir-ctl verify`.',
  ),
  miroir_invalid_admin_key: own(
    403,
    'auth',
    'Admin routes need the admin key (`admin.api_key`) in `Authorization: Bearer` or `X-Admin-Key`.',
  ),
  miroir_not_supported: own(
    400,
    'invalid_request',
    'This Meilisearch route or parameter is not offered by Miroir; the message says why.',
  ),
} as const;

/** Every code an answer or task can carry. */
export const errorCodes = { ...meilisearchCodes, ...miroirCodes } as const;

/** Name of an error code, Meilisearch's or Miroir's. */
export type ErrorCode = keyof typeof errorCodes;
