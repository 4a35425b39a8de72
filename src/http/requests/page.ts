import type { ErrorCode } from '../../errors/codes.ts';
import { object, optional } from '../../validation/object.ts';
import { integerText } from '../../validation/query-values.ts';

/** `offset` and `limit` of a listing. */
export function page(offsetCode: ErrorCode, limitCode: ErrorCode) {
  return object({ offset: optional(integerText(), offsetCode, 0), limit: optional(integerText(), limitCode, 20) });
}
