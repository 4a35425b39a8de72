import { ApiError } from '../errors/api-error.ts';
import { JsonFault, parseJson } from './validate.ts';

/**
 * Decode the body of any route but the documents' own. Throws `ApiError` as Meilisearch does: `missing_payload` for an
 * empty body, `malformed_payload` for what is no JSON.
 */
export function readJsonBody(body: Buffer | string): unknown {
  if (body.length === 0) throw new ApiError('missing_payload', 'A json payload is missing.');
  try {
    return parseJson(body);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new ApiError('malformed_payload', `The json payload provided is malformed. \`${error.message}\`.`);
  }
}
