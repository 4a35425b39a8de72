import type { IndexRecord } from '../../store/records.ts';
import type { ActiveTasks } from '../../tasks/active.ts';
import { defaultSettings } from './defaults.ts';
import { isObject, type Json } from './order.ts';

/** The committed logical settings of an index. */
export function committedSettings(index: IndexRecord): Record<string, unknown> {
  return index.settings === null ? defaultSettings() : (JSON.parse(index.settings) as Record<string, unknown>);
}

/** Embedders after a patch of them: null removes one, or all; fields that are not named stay. */
function mergeEmbedders(present: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return {};
  const merged: Json = isObject(present) ? { ...present } : {};
  for (const [name, change] of Object.entries(patch)) {
    const before = merged[name];
    if (isObject(change)) merged[name] = { ...(isObject(before) ? before : {}), ...change };
    else delete merged[name];
  }
  return merged;
}

/** The client's settings as they will be once the accepted tasks of the index have succeeded, as far as patches tell. */
export function acceptedSettings(index: IndexRecord, active: Pick<ActiveTasks, 'all'>): Json {
  let settings = committedSettings(index);
  for (const task of active.all()) {
    const patch = task.record.indexId === index.id ? task.effect.settings : undefined;
    if (patch === undefined) continue;
    const embedders = 'embedders' in patch ? { embedders: mergeEmbedders(settings.embedders, patch.embedders) } : {};
    settings = { ...settings, ...patch, ...embedders };
  }
  return settings;
}
