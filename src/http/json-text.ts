import { readJsonBody } from '../json/body.ts';

/** A JSON body: its value and the text it came from. */
export interface JsonBody {
  value: unknown;
  text: string;
}

/** Reads a JSON body; throws `missing_payload` and `malformed_payload`. */
export function parseJsonBody(body: Buffer): JsonBody {
  return { value: readJsonBody(body), text: body.toString('utf8') };
}
