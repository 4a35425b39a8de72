import { type Parser, readJson } from '../../validation/cursor.ts';
import { maybe, object } from '../../validation/object.ts';
import { nullable, withCode } from '../../validation/values.ts';
import { checkEmbedders } from './check-embedders.ts';
import { checkFeatures, noFeatures, type SettingFeatures } from './features.ts';
import { settingInfo, settingTable } from './names.ts';
import { isObject, type Json } from './order.ts';
import { settingParsers } from './parsers.ts';
import { checkReserved } from './reserved.ts';

function parserOf(name: string): Parser<unknown> {
  const parse = settingParsers[name];
  if (parse === undefined) throw new RangeError(`no setting is named ${name}`);
  return nullable(parse);
}

const wholeBody = object(Object.fromEntries(settingTable.map(({ name, code }) => [name, maybe(parserOf(name), code)])));

/** What a request can be refused for beyond the kinds of its values, in Meilisearch's order; Miroir's own rules come last. */
function check(patch: Json, features: SettingFeatures): Json {
  checkFeatures(patch, features);
  if (isObject(patch.embedders)) checkEmbedders(patch.embedders as Record<string, Json | null>);
  checkReserved(patch);
  return patch;
}

/**
 * The body of `PATCH /settings`, validated with Meilisearch's errors (`ApiError`). Only what was sent is in the result,
 * normalised as task details show it (sets sorted, rules with their defaults); null resets. `text` is the body as sent.
 */
export function parseSettings(
  value: unknown,
  text: string | null = null,
  features: SettingFeatures = noFeatures,
): Json {
  return check(readJson(wholeBody, value, text) as Json, features);
}

/** The body of PUT or PATCH on the route of one setting, as a patch with that one setting. */
export function parseSetting(
  name: string,
  value: unknown,
  text: string | null = null,
  features: SettingFeatures = noFeatures,
): Json {
  const read = readJson(withCode(settingInfo(name).code, parserOf(name)), value, text);
  return check({ [name]: read }, features);
}
