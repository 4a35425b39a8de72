import { type SettingInfo, settingTable } from '../../indexes/settings/names.ts';
import { parseSetting, parseSettings } from '../../indexes/settings/parse.ts';
import { accepted, sessionJson } from '../answer.ts';
import type { Handler, Methods, Routes } from '../router.ts';

const getAll: Handler = async (x) => {
  await x.authorise('settings.get');
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  return sessionJson(await x.services.settings.get(uid), pending);
};

const update: Handler = async (x) => {
  const caller = await x.authorise('settings.update');
  const { value, text } = await x.jsonBody();
  const patch = parseSettings(value, text, x.services.features.current());
  return accepted(await x.services.settings.update(x.indexUid(), patch, caller));
};

const resetAll: Handler = async (x) => {
  await x.authorise('settings.update');
  return accepted(await x.services.settings.reset(x.indexUid(), null));
};

/** The resource of one setting. */
function resourceOf({ name, method }: SettingInfo): Methods {
  const get: Handler = async (x) => {
    await x.authorise('settings.get');
    const uid = x.indexUid();
    const pending = await x.settleSession(uid);
    return sessionJson(await x.services.settings.getOne(uid, name), pending);
  };
  const set: Handler = async (x) => {
    const caller = await x.authorise('settings.update');
    const { value, text } = await x.jsonBody();
    const patch = parseSetting(name, value, text, x.services.features.current());
    return accepted(await x.services.settings.update(x.indexUid(), patch, caller));
  };
  const reset: Handler = async (x) => {
    await x.authorise('settings.update');
    return accepted(await x.services.settings.reset(x.indexUid(), name));
  };
  return { GET: get, [method]: set, DELETE: reset };
}

/** `/indexes/{uid}/settings` and one resource per setting. */
export const settingsRoutes: Routes = (resource) => {
  resource('/indexes/:indexUid/settings', { PATCH: update, GET: getAll, DELETE: resetAll });
  for (const info of settingTable) resource(`/indexes/:indexUid/settings/${info.segment}`, resourceOf(info));
};
