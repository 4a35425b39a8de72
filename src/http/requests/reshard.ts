import { object, required } from '../../validation/object.ts';
import { shardCount } from './indexes.ts';

/** `POST /_miroir/indexes/{uid}/reshard`. */
export const reshardBody = object({ shards: required(shardCount) });
