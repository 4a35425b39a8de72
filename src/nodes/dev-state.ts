import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The numbers that a cluster is created with; its data fits only these. */
export interface DevLayout {
  /** Over all groups. */
  nodes: number;
  groups: number;
  replicationFactor: number;
  shards: number;
}

/** What a folder of `miroir dev` remembers between runs. */
export interface DevState {
  masterKey: string;
  nodeMasterKey: string;
  layout: DevLayout;
  /** Port of each node, so that addresses stay. */
  ports: Record<string, number>;
  /** The Miroir that uses the folder, with its command line, because process ids are used again. */
  owner: { pid: number; command: string } | null;
}

function randomKey(): string {
  return randomBytes(24).toString('base64url');
}

function statePath(directory: string): string {
  return join(directory, 'dev.json');
}

/** A cluster that was never started. */
export function newDevState(layout: DevLayout): DevState {
  return { masterKey: randomKey(), nodeMasterKey: randomKey(), layout, ports: {}, owner: null };
}

/** The state kept in the folder; null when there is none. Throws when the file is damaged. */
export function readDevState(directory: string): DevState | null {
  let text: string;
  try {
    text = readFileSync(statePath(directory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return JSON.parse(text) as DevState;
  } catch {
    throw new Error(`${statePath(directory)} is damaged. Delete the folder ${directory} to begin anew.`);
  }
}

/** Replaces the state file in one step; it holds keys, so only its owner may read it. */
export function writeDevState(directory: string, state: DevState): void {
  mkdirSync(directory, { recursive: true });
  const temporary = `${statePath(directory)}.new`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, statePath(directory));
}
