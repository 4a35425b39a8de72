import { ApiError } from '../errors/api-error.ts';
import type { JsonFault } from '../json/validate.ts';

/** How a payload was sent; the word appears in messages. */
export type PayloadFormat = 'json' | 'ndjson' | 'csv';

/** An empty body. */
export function missingPayload(format: PayloadFormat): ApiError {
  return new ApiError('missing_payload', `A ${format} payload is missing.`);
}

/** A JSON or NDJSON payload that cannot be read, or holds something else than documents. */
export function malformedJsonPayload(format: 'json' | 'ndjson', fault: JsonFault | string): ApiError {
  const reason = typeof fault === 'string' ? fault : fault.message;
  return new ApiError(
    'malformed_payload',
    `The \`${format}\` payload provided is malformed. \`Couldn't serialize document value: ${reason}\`.`,
  );
}

/** A CSV payload that cannot be read. */
export function malformedCsvPayload(reason: string): ApiError {
  return new ApiError('malformed_payload', `The \`csv\` payload provided is malformed: \`${reason}\`.`);
}

/** A fault within one document: what has the wrong type is an internal error in Meilisearch. */
export function documentFault(format: 'json' | 'ndjson', fault: JsonFault): ApiError {
  return fault.kind === 'data' ? new ApiError('internal', fault.message) : malformedJsonPayload(format, fault);
}
