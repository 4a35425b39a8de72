import { ApiError, type ErrorBody } from '../../errors/api-error.ts';
import type { SettingsService } from '../../http/services.ts';
import type { NodeClient } from '../../nodes/client.ts';
import type { Logger } from '../../observability/log.ts';
import type { ClusterView } from '../../placement/view.ts';
import type { IndexRecord } from '../../store/records.ts';
import { type Acceptance, settledPlan, type WritePlan } from '../../tasks/acceptance.ts';
import type { ActiveTasks } from '../../tasks/active.ts';
import type { SettingsCommit } from '../../tasks/catalog-changes.ts';
import type { Catalog } from '../catalog.ts';
import { indexNotFound, indexNotFoundBody } from '../errors.ts';
import { allNodes, forBothLayouts, nodePath, type PrepareOptions, prepareIndex, toAllNodes } from '../prepare.ts';
import { acceptedSettings, committedSettings } from './accepted.ts';
import { applyOverrides, getSetting, logicalTaskDetails, overridesOf, settingsHash, toLogical } from './logical.ts';
import { settingNames } from './names.ts';
import { type Json, pick } from './order.ts';
import { physicalReset, toPhysicalPatch, toPhysicalRestoreBelow } from './physical.ts';
import { keepSecrets, maskSecrets } from './secrets.ts';

/** What the settings routes are built from. */
export interface SettingsServiceOptions extends PrepareOptions {
  acceptance: Acceptance;
  active: Pick<ActiveTasks, 'all'>;
}

/** The settings routes. */
export function createSettingsService(options: SettingsServiceOptions): SettingsService {
  const { catalog, acceptance, active, view } = options;

  function visible(uid: string): IndexRecord {
    const index = catalog.visible(uid);
    if (index === null) throw indexNotFound(uid);
    return index;
  }

  function broadcast(index: IndexRecord, physical: Record<string, unknown>) {
    const body = JSON.stringify(physical);
    return forBothLayouts(catalog, index, (layout) =>
      toAllNodes(view, 'settings', { method: 'PATCH', path: nodePath(layout, '/settings'), body }),
    );
  }

  return {
    async get(uid) {
      return JSON.stringify(maskSecrets(committedSettings(visible(uid))));
    },
    async getOne(uid, name) {
      return JSON.stringify(getSetting(maskSecrets(committedSettings(visible(uid))), name));
    },
    update: (uid, patch, caller) =>
      acceptance.accept(uid, async (): Promise<WritePlan> => {
        const base = { type: 'settingsUpdate', indexUid: uid, details: logicalTaskDetails(patch) };
        const prepared = await prepareIndex(options, uid, caller);
        if (prepared === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
        const { index, fresh, parts, catalog: changes } = prepared;
        const create = fresh ? ({ createIndex: true } as const) : {};
        return {
          ...base,
          index,
          verdict: null,
          effect: { ...create, settings: patch },
          catalog: changes,
          parts: [...parts, ...broadcast(index, toPhysicalPatch(patch, acceptedSettings(index, active).embedders))],
        };
      }),
    reset: (uid, name) =>
      acceptance.accept(uid, async (): Promise<WritePlan> => {
        const names = name === null ? settingNames : [name];
        const patch: Record<string, unknown> = Object.fromEntries(names.map((setting) => [setting, null]));
        const details = logicalTaskDetails(patch, { reset: name === null });
        const base = { type: 'settingsUpdate', indexUid: uid, details };
        const index = catalog.accepted(uid);
        if (index === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
        const parts = broadcast(index, name === null ? physicalReset() : toPhysicalPatch(patch));
        return { ...base, index, verdict: null, effect: { settings: patch }, catalog: [], parts };
      }),
  };
}

/** The settings that changes name. */
const namesIn = (changes: readonly Record<string, unknown>[]): Set<string> => new Set(changes.flatMap(Object.keys));

function without(settings: Json, names: ReadonlySet<string>): Json {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.has(name)));
}

/** What committing settings is built from. */
export interface SettingsCommitOptions {
  catalog: Pick<Catalog, 'shadowOf'>;
  view: ClusterView;
  clients: { get(nodeId: string): NodeClient | undefined };
  timeoutMs: number;
  log: Logger;
}

/**
 * The end of a settings task: what the nodes now report is turned back into logical settings, must be the same on all of
 * them, and becomes the committed settings under a new version.
 */
export function createSettingsCommit(options: SettingsCommitOptions): SettingsCommit {
  async function readBack(nodeId: string, index: IndexRecord, patch: Record<string, unknown>) {
    const path = nodePath(index, '/settings');
    const response = await options.clients.get(nodeId)?.request({ method: 'GET', path, timeoutMs: options.timeoutMs });
    if (response?.status !== 200) return null;
    const overrides = applyOverrides(overridesOf(committedSettings(index)), patch);
    return { nodeId, settings: toLogical(JSON.parse(response.text), overrides) };
  }

  /** Whether the node has a copy of the index that missed nothing; one that missed settings has none. */
  function current(nodeId: string, index: IndexRecord): boolean {
    const { view } = options;
    if (!view.up(nodeId)) return false;
    for (let shard = 0; shard < index.shards; shard++) if (view.inSync(index, shard, nodeId)) return true;
    return false;
  }

  return {
    async commit(index, patch, later): Promise<{ record: IndexRecord } | { error: ErrorBody }> {
      const nodes = allNodes(options.view).filter((nodeId) => current(nodeId, index));
      const answers = await Promise.all(nodes.map((nodeId) => readBack(nodeId, index, patch).catch(() => null)));
      const read = answers.filter((answer) => answer !== null);
      const first = read[0];
      if (first === undefined) throw new Error(`no node could be asked for the settings of ${index.physicalUid}`);
      const changing = namesIn(later);
      const hash = (settings: Json) => settingsHash(without(settings, changing));
      const odd = read.find(({ settings }) => hash(settings) !== hash(first.settings));
      if (odd !== undefined) {
        options.log.error({ index: index.uid, nodes: [first.nodeId, odd.nodeId] }, 'nodes report different settings');
        const message = `Index \`${index.uid}\`: the nodes do not report the same settings after the change.`;
        return { error: new ApiError('miroir_settings_diverged', message).toBody() };
      }
      const before = committedSettings(index);
      // what only later changes touch is theirs to commit
      const theirs = pick(
        before,
        [...changing].filter((name) => !(name in patch)),
      );
      const settings = JSON.stringify(keepSecrets({ ...first.settings, ...theirs }, before, patch));
      return { record: { ...index, settings, settingsVersion: index.settingsVersion + 1 } };
    },
    restore(index, patch, later) {
      const present = Object.keys((patch.embedders as object | null | undefined) ?? {});
      const body = JSON.stringify(toPhysicalRestoreBelow(committedSettings(index), present, [...namesIn(later)]));
      return forBothLayouts(options.catalog, index, (layout) =>
        toAllNodes(options.view, 'rollback', { method: 'PATCH', path: nodePath(layout, '/settings'), body }),
      );
    },
    recreate(index, tried, later) {
      const present = Object.keys((tried.embedders as object | null | undefined) ?? {});
      const settings = toPhysicalRestoreBelow(committedSettings(index), present, [...namesIn(later)]);
      const patch = { method: 'PATCH', path: nodePath(index, '/settings'), body: JSON.stringify(settings) } as const;
      const { acceptedPrimaryKey } = index;
      if (acceptedPrimaryKey === null) return [{ step: 'create', request: patch }];
      // an addition of nothing sets the primary key of an index that has none, or has this one
      const path = nodePath(index, `/documents?primaryKey=${encodeURIComponent(acceptedPrimaryKey)}`);
      return [
        { step: 'create', request: patch },
        { step: 'documents', request: { method: 'POST', path, body: '[]' } },
      ];
    },
  };
}
