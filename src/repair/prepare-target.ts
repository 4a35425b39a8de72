import { setTimeout as sleep } from 'node:timers/promises';
import { nodePath } from '../indexes/prepare.ts';
import { committedSettings } from '../indexes/settings/accepted.ts';
import { overridesOf, toLogical } from '../indexes/settings/logical.ts';
import { canonicalJson, isObject, type Json } from '../indexes/settings/order.ts';
import { beforeRestore, toPhysicalRestore } from '../indexes/settings/physical.ts';
import { maskSecrets } from '../indexes/settings/secrets.ts';
import type { IndexRecord } from '../store/records.ts';
import type { ActiveTasks } from '../tasks/active.ts';
import { writesTo } from '../tasks/shadows.ts';
import { RepairError } from './list-documents.ts';
import type { NodeAccess } from './node-access.ts';
import type { Quiet } from './quiet.ts';

/** What making an index on a node right is built from. */
export interface PrepareTargetOptions {
  access: NodeAccess;
  active: Pick<ActiveTasks, 'all'>;
  quiet: Pick<Quiet, 'hold'>;
  /** Called before the index of a node is deleted or made: none of its copies there may be read. */
  markAllStale(index: IndexRecord, nodeId: string, reason: string): Promise<void>;
}

/** An index as one node has it. */
export interface IndexOnNode {
  index: IndexRecord;
  nodeId: string;
}

/** An index as a node describes it. */
interface NodeIndex {
  primaryKey: string | null;
}

const pollMs = 50;
/** Milliseconds that settings tasks under way are waited for. */
const settingsPatienceMs = 30_000;

/** Brings index and settings on a node to what they should be. */
export interface TargetPreparation {
  /**
   * The index exists with the right primary key (that of the source, or the committed one when there is no source) and settings.
   * Resolves with whether it had to be made, so that it is empty. The source may be another layout of the index.
   */
  prepare(index: IndexRecord, target: string, source: IndexOnNode | null, signal: AbortSignal): Promise<boolean>;
  /** Bring the settings of an index on a node to the committed ones, unless they are, and wait until they are in force. */
  restoreSettings(index: IndexRecord, nodeId: string, signal: AbortSignal): Promise<void>;
  /** Whether two nodes report the same settings. */
  sameSettings(a: IndexOnNode, b: IndexOnNode, signal: AbortSignal): Promise<boolean>;
}

/** Nodes of two versions, during an upgrade, may not know the same settings. */
function sameWhereBoth(a: Json, b: Json): boolean {
  return Object.keys(a).every((name) => !(name in b) || canonicalJson(a[name]) === canonicalJson(b[name]));
}

/** Builds it. */
export function createTargetPreparation(options: PrepareTargetOptions): TargetPreparation {
  const { access, active } = options;

  const describe = async (nodeId: string, index: IndexRecord, signal: AbortSignal) =>
    (await access.read(nodeId, nodePath(index), signal)) as NodeIndex | null;
  const settingsOf = async (nodeId: string, index: IndexRecord, signal: AbortSignal) =>
    (await access.read(nodeId, nodePath(index, '/settings'), signal)) as Record<string, unknown> | null;

  async function sameSettings(a: IndexOnNode, b: IndexOnNode, signal: AbortSignal): Promise<boolean> {
    const read = ({ nodeId, index }: IndexOnNode) => settingsOf(nodeId, index, signal);
    const [left, right] = await Promise.all([read(a), read(b)]);
    if (left === null || right === null) return false;
    return sameWhereBoth(left, right);
  }

  function changingSettings(index: IndexRecord): boolean {
    for (const task of active.all()) {
      const changes = task.effect.settings !== undefined || task.effect.createIndex;
      if (changes && writesTo(task, index.id)) return true;
    }
    return false;
  }

  /** Waits until no accepted task will change the settings, holds writes back for as long as sending takes, and sends. */
  async function sendBetweenSettings(index: IndexRecord, target: string, signal: AbortSignal): Promise<number[]> {
    const deadline = performance.now() + settingsPatienceMs;
    for (let attempt = 1; performance.now() < deadline; attempt++) {
      const tasks = changingSettings(index)
        ? null
        : await options.quiet.hold(index, { attempt }, signal, async (within) =>
            changingSettings(index) ? null : sendSettings(index, target, within),
          );
      if (tasks !== null) return tasks;
      await sleep(pollMs, undefined, { signal });
    }
    throw new RepairError(target, `the settings of ${index.uid} are being changed`);
  }

  async function sendSettings(index: IndexRecord, target: string, signal: AbortSignal): Promise<number[]> {
    const present = (await settingsOf(target, index, signal))?.embedders;
    const logical = committedSettings(index);
    const bodies = [
      beforeRestore(logical, present),
      toPhysicalRestore(logical, isObject(present) ? Object.keys(present) : []),
    ];
    const tasks: number[] = [];
    for (const body of bodies) {
      if (body === null) continue;
      const path = nodePath(index, '/settings');
      tasks.push(await access.send(target, index, { method: 'PATCH', path, body: JSON.stringify(body) }));
    }
    return tasks;
  }

  /** Whether the node's settings are those that are committed; null when accepted tasks may still change either. */
  async function committed(index: IndexRecord, nodeId: string, signal: AbortSignal): Promise<boolean | null> {
    if (changingSettings(index)) return null;
    const present = await settingsOf(nodeId, index, signal);
    const wanted = maskSecrets(committedSettings(index));
    const got = toLogical(present ?? {}, overridesOf(wanted));
    return sameWhereBoth(wanted, got);
  }

  async function restoreSettings(index: IndexRecord, target: string, signal: AbortSignal): Promise<void> {
    for (const task of await sendBetweenSettings(index, target, signal)) {
      const { status, error } = await access.ended(target, task, signal);
      if (status !== 'succeeded')
        throw new RepairError(target, `settings of ${index.uid} ${status}: ${error?.message}`);
    }
  }

  async function make(
    index: IndexRecord,
    target: string,
    primaryKey: string | null,
    signal: AbortSignal,
  ): Promise<void> {
    const body = JSON.stringify({ uid: index.physicalUid, ...(primaryKey === null ? {} : { primaryKey }) });
    const task = await access.send(target, index, { method: 'POST', path: '/indexes', body });
    const { status, error } = await access.ended(target, task, signal);
    if (status === 'succeeded' || error?.code === 'index_already_exists') return;
    throw new RepairError(target, `index ${index.physicalUid} could not be made: ${error?.message}`);
  }

  return {
    sameSettings,
    async restoreSettings(index, nodeId, signal) {
      if ((await committed(index, nodeId, signal)) === false) await restoreSettings(index, nodeId, signal);
    },
    async prepare(index, target, source, signal) {
      await access.applied(target, index, signal);
      const present = await describe(target, index, signal);
      const wanted =
        source === null
          ? index.primaryKey
          : ((await describe(source.nodeId, source.index, signal))?.primaryKey ?? null);
      // what a node has is not thrown away while nothing can take its place
      const made = present === null || (source !== null && present.primaryKey !== wanted);
      if (made) {
        await options.markAllStale(
          index,
          target,
          present === null ? 'its index was missing' : 'its index had another primary key',
        );
        if (present !== null) await access.write(target, index, { method: 'DELETE', path: nodePath(index) }, signal);
        await make(index, target, wanted, signal);
      }
      if (made || (source !== null && !(await sameSettings(source, { index, nodeId: target }, signal)))) {
        await restoreSettings(index, target, signal);
      }
      return made;
    },
  };
}
