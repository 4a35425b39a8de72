import { ApiError } from '../../errors/api-error.ts';
import { readUuid } from '../../keys/uuid.ts';
import { mapOf, maybe, object } from '../../validation/object.ts';
import { nullable, string } from '../../validation/values.ts';

/** `POST /webhooks` and `PATCH /webhooks/{uuid}` */
export const webhookBody = object(
  {
    url: maybe(nullable(string), 'invalid_webhook_url'),
    headers: maybe(nullable(mapOf(nullable(string))), 'invalid_webhook_headers'),
  },
  { immutable: { uuid: 'immutable_webhook_uuid', isEditable: 'immutable_webhook_is_editable' } },
);

/** The uuid in a webhook's path, in its usual spelling. */
export function webhookUuid(text: string): string {
  const read = readUuid(text);
  if (!read.ok) throw new ApiError('invalid_webhook_uuid', `Invalid UUID: ${read.reason}`);
  return read.uuid;
}
