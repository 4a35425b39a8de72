import { type Parser, rawText } from '../../validation/cursor.ts';
import { object, optional, required } from '../../validation/object.ts';
import { any, string } from '../../validation/values.ts';
import type { DocumentEdition } from '../services.ts';

const context: Parser<DocumentEdition['context']> = (at) =>
  at.value === null ? null : { value: at.value, text: rawText(at) ?? JSON.stringify(at.value) };

/** `POST /indexes/{uid}/documents/edit` */
export const editBody = object({
  filter: optional(any, 'invalid_document_filter', null),
  context: optional(context, 'invalid_document_edition_context', null),
  function: required(string, 'invalid_document_edition_function_filter', 'missing_document_edition_function'),
});
