import { defaultSettings } from '../../src/indexes/settings/defaults.ts';

/** A stored document. */
export type SimDoc = Record<string, unknown> & { id: string };

/** An index of a simulated node. */
export interface SimIndex {
  primaryKey: string | null;
  /** As `GET /settings` answers them. */
  settings: Record<string, unknown>;
  documents: Map<string, SimDoc>;
}

/** What a task comes to: its details, or the error it fails with. */
export type TaskOutcome = { details: Record<string, unknown> } | { error: { message: string; code: string } };

/** A task of a simulated node, with what it does to the disk it is on. */
export interface SimTask {
  uid: number;
  indexUid: string;
  type: string;
  status: 'enqueued' | 'processing' | 'succeeded' | 'failed';
  details: Record<string, unknown>;
  error: object | null;
  enqueuedAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  work(disk: SimDisk): TaskOutcome;
}

/** What survives a crash of a node's process. */
export interface SimDisk {
  tasks: SimTask[];
  indexes: Map<string, SimIndex>;
}

/** A disk that nothing was written to. */
export const emptyDisk = (): SimDisk => ({ tasks: [], indexes: new Map() });

/** An index as it is made. */
export const newSimIndex = (primaryKey: string | null): SimIndex => ({
  primaryKey,
  settings: defaultSettings(),
  documents: new Map(),
});

/** The disk as it is now, whatever happens to it later. Documents are never changed, only replaced. */
export function copyDisk({ tasks, indexes }: SimDisk): SimDisk {
  const copyIndex = ({ settings, documents, ...index }: SimIndex): SimIndex => ({
    ...index,
    settings: { ...settings },
    documents: new Map(documents),
  });
  return {
    tasks: tasks.map((task) => ({ ...task })),
    indexes: new Map([...indexes].map(([uid, index]) => [uid, copyIndex(index)])),
  };
}

/** Apply a settings patch as a node does: null goes back to the default, parts of `faceting` that are not named stay. */
export function patchSettings(index: SimIndex, patch: Readonly<Record<string, unknown>>): void {
  const defaults = defaultSettings();
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) index.settings[name] = defaults[name];
    else if (name === 'faceting') index.settings[name] = { ...(index.settings[name] as object), ...(value as object) };
    else index.settings[name] = value;
  }
}
