import { object, optional, required } from '../../validation/object.ts';
import { oneOf, string } from '../../validation/values.ts';

/** `POST /_miroir/dumps/import?onConflict=...`: what to do with an index of the dump whose name is taken. */
export const importParameters = object({
  onConflict: optional(oneOf(['fail', 'skip', 'replace']), undefined, 'fail' as const),
});

/** Its JSON body: a file in the folder of dumps. */
export const importBody = object({ path: required(string) });
