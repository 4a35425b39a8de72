import type { LogTarget } from '../../instance/log-target.ts';
import { readLogTarget } from '../../instance/log-target.ts';
import type { Parser } from '../../validation/cursor.ts';
import { invalidValue } from '../../validation/messages.ts';
import { object, optional } from '../../validation/object.ts';
import { boolean, oneOf, refine, string } from '../../validation/values.ts';

const target: Parser<LogTarget> = refine(string, (text, at) => {
  const read = readLogTarget(text);
  if ('problem' in read) throw invalidValue(at, read.problem);
  return read;
});
const everything: LogTarget = { level: 'info', modules: [] };

/** `POST /logs/stderr` */
export const stderrBody = object({ target: optional(target, 'bad_request', everything) });

/** `POST /logs/stream` */
export const streamBody = object({
  target: optional(target, 'bad_request', everything),
  mode: optional(oneOf(['human', 'json', 'profile']), 'bad_request', 'human'),
  profileMemory: optional(boolean, 'bad_request', false),
});
