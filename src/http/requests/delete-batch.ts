import { ApiError } from '../../errors/api-error.ts';
import { printValue, unexpected } from '../../json/print.ts';
import { elements } from '../../json/scan.ts';
import { parseJsonBody } from '../json-text.ts';

const scalar = /^(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/s;

function refusal(what: string, consumed: string): ApiError {
  const line = consumed.split('\n').length;
  const column = Buffer.byteLength(consumed.slice(consumed.lastIndexOf('\n') + 1));
  return new ApiError(
    'bad_request',
    `Json deserialize error: invalid type: ${what}, expected a sequence at line ${line} column ${column}`,
  );
}

/** This route judges the kind of the body before the rest of its syntax. */
function requireArray(text: string): void {
  const space = /^[ \t\r\n]*/.exec(text)?.[0] ?? '';
  const rest = text.slice(space.length);
  if (rest.startsWith('{')) throw refusal('map', space);
  const raw = scalar.exec(rest)?.[0];
  if (raw !== undefined) throw refusal(unexpected(raw), space + raw);
}

/** The ids of `POST /documents/delete-batch` as text. Values that are no ids are taken as their JSON text. */
export function batchIds(body: Buffer): string[] {
  requireArray(body.toString('utf8'));
  const { value, text } = parseJsonBody(body);
  const ids = value as unknown[];
  return elements(text).map((raw, i) => {
    const id = ids[i];
    return typeof id === 'string' ? id : printValue(raw);
  });
}
