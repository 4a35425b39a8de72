import type { Parser } from '../../validation/cursor.ts';
import { kindOf } from '../../validation/kinds.ts';
import { invalidValue, wrongType } from '../../validation/messages.ts';
import { mapOf, maybe, object, required } from '../../validation/object.ts';
import { any, boolean, integer, nullable, number, oneOf, refine, string } from '../../validation/values.ts';
import { sources } from './embedder-sources.ts';
import { type Json, pick, sortedKeys } from './order.ts';

const text = maybe(nullable(string));
const count = maybe(nullable(integer()));

/** An object whose keys beyond the named ones are ignored, as Meilisearch does in a few places. */
export function lenient<T>(names: readonly string[], parse: Parser<T>): Parser<T> {
  return (at) => {
    if (kindOf(at) !== 'object') throw wrongType(at, ['object']);
    return parse({ ...at, value: pick(at.value as Json, names) });
  };
}

const fragment = lenient(['value'], object({ value: required(any) }));
const fragments = maybe(nullable(refine(mapOf(nullable(fragment)), (map) => sortedKeys(map))));
const headers = maybe(nullable(refine(mapOf(string), (map) => sortedKeys(map))));
const moments = object({ mean: required(number), sigma: required(number) });
const distribution = maybe(
  nullable(
    refine(moments, ({ mean, sigma }, at) => {
      if (mean < 0 || mean > 1)
        throw invalidValue(at, `the distribution mean must be in the range [0, 1], got ${mean}`);
      if (sigma <= 0 || sigma > 1) {
        throw invalidValue(at, `the distribution sigma must be in the range ]0, 1], got ${sigma}`);
      }
      return { mean, sigma };
    }),
  ),
);

const shared = {
  source: maybe(nullable(oneOf(sources))),
  model: text,
  revision: text,
  pooling: maybe(nullable(oneOf(['useModel', 'forceCls', 'forceMean']))),
  apiKey: text,
  dimensions: count,
};
const rest = {
  documentTemplate: text,
  documentTemplateMaxBytes: count,
  url: text,
  indexingFragments: fragments,
  searchFragments: fragments,
  request: maybe(any),
  response: maybe(any),
  headers,
};

const nestedFields = {
  ...shared,
  ...rest,
  distribution,
  binaryQuantized: maybe(nullable(boolean)),
  searchEmbedder: maybe(any),
  indexingEmbedder: maybe(any),
};
const nested = maybe(nullable(refine(object(nestedFields), (value) => pick(value as Json, Object.keys(nestedFields)))));

const fields = {
  ...shared,
  binaryQuantized: maybe(nullable(boolean)),
  ...rest,
  searchEmbedder: nested,
  indexingEmbedder: nested,
  distribution,
};

const embedder: Parser<Json> = refine(object(fields), (value) => pick(value as Json, Object.keys(fields)));

/** The `embedders` setting: kinds and names only; what depends on the source is `checkEmbedders`. */
export const embedders: Parser<Record<string, Json | null>> = refine(mapOf(nullable(embedder)), (map) =>
  sortedKeys(map),
);
