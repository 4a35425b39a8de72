import type { Parser } from '../../validation/cursor.ts';
import { indexUid } from '../../validation/index-uid.ts';
import { invalidValue } from '../../validation/messages.ts';
import { maybe, object, optional, required } from '../../validation/object.ts';
import { integer, nullable, refine, string } from '../../validation/values.ts';
import { page } from './page.ts';

const MAX_SHARDS = 4_096;

/** `GET /indexes`. */
export const listIndexes = page('invalid_index_offset', 'invalid_index_limit');

/** A number of shards that an index can have. */
export const shardCount: Parser<number> = refine(integer(), (count, at) => {
  if (count >= 1 && count <= MAX_SHARDS) return count;
  throw invalidValue(at, `expected a number of shards between 1 and ${MAX_SHARDS}.`);
});

const ownOptions = object({ shards: optional(nullable(shardCount), undefined, null) });

/** `POST /indexes`. Miroir's own `_miroir.shards` sets the number of shards; messages do not list it. */
export const createIndex = object(
  {
    uid: required(indexUid, 'invalid_index_uid', 'missing_index_uid'),
    primaryKey: optional(nullable(string), 'invalid_index_primary_key', null),
    _miroir: optional(nullable(ownOptions), undefined, null),
  },
  { unlisted: ['_miroir'] },
);

/** `PATCH /indexes/{uid}`. The new uid is judged by the route, after the one in the path. */
export const updateIndex = object(
  {
    primaryKey: maybe(nullable(string), 'invalid_index_primary_key'),
    uid: maybe(nullable(string), 'invalid_index_uid'),
  },
  { immutable: { createdAt: 'immutable_index_created_at', updatedAt: 'immutable_index_updated_at' } },
);
