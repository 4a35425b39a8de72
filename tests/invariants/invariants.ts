import type { TaskStatus } from '../../src/store/records.ts';
import type { PossibleStates } from './history.ts';

/**
 * What must hold whatever fails, as pure functions of what was seen; each returns what is wrong, one text per finding.
 * Shared by unit tests, the simulation and the fault lab.
 */

/** I1 and I2: what became of documents. */
export interface DocumentFindings {
  /** An acknowledged write is not there, or not with its content. */
  lost: string[];
  /** Something deleted is there. */
  resurrected: string[];
}

const shown = (text: string | null): string => (text === null ? 'absent' : text.slice(0, 160));

/** I1, I2: each document is one of the things that its writes allow. `observed` and the states hold canonical texts. */
export function checkDocuments(
  expected: ReadonlyMap<string, PossibleStates>,
  observed: ReadonlyMap<string, string>,
): DocumentFindings {
  const findings: DocumentFindings = { lost: [], resurrected: [] };
  for (const id of new Set([...expected.keys(), ...observed.keys()])) {
    const states = expected.get(id) ?? new Set([null]);
    const seen = observed.get(id) ?? null;
    if (states.has(seen)) continue;
    const allowed = [...states].slice(0, 3).map(shown).join(' or ');
    const onlyAbsent = states.size === 1 && states.has(null);
    findings[onlyAbsent ? 'resurrected' : 'lost'].push(`${id} is ${shown(seen)}, must be ${allowed}`);
  }
  return findings;
}

/** One copy of a shard, read from its node. */
export interface CopyContent {
  index: string;
  shard: number;
  node: string;
  /** Canonical text of each document, markers included, by id. */
  documents: ReadonlyMap<string, string>;
}

/** I3: the copies of each shard hold the same documents. */
export function checkCopies(copies: readonly CopyContent[]): string[] {
  const findings: string[] = [];
  const first = new Map<string, CopyContent>();
  for (const copy of copies) {
    const key = `${copy.index}/${copy.shard}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, copy);
      continue;
    }
    const ids = new Set([...other.documents.keys(), ...copy.documents.keys()]);
    const different = [...ids].filter((id) => other.documents.get(id) !== copy.documents.get(id));
    if (different.length === 0) continue;
    const [id] = different as [string];
    findings.push(
      `shard ${key} differs between ${other.node} and ${copy.node} in ${different.length} documents, for example ${id}: ` +
        `${shown(other.documents.get(id) ?? null)} and ${shown(copy.documents.get(id) ?? null)}`,
    );
  }
  return findings;
}

/** I4, one answer: no id twice. */
export function checkOnce(what: string, ids: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set(ids.filter((id) => seen.has(id) || !seen.add(id)));
  return [...twice].map((id) => `${id} comes twice in ${what}`);
}

/** I4, at rest: a node holds documents of its own shards only. */
export function checkOwners(
  node: string,
  owned: ReadonlySet<number>,
  held: ReadonlyMap<string, number | null>,
): string[] {
  const strays = [...held].filter(([, shard]) => shard === null || !owned.has(shard));
  return strays.slice(0, 3).map(([id, shard]) => `${node} holds ${id} of shard ${shard}, which it does not own`);
}

/** An answer that should cover a known number of documents. */
export interface CountedAnswer {
  what: string;
  /** Null when there was no answer. */
  status: number | null;
  /** Value of `X-Miroir-Degraded`. */
  degraded: string | null;
  total: number;
  expected: number;
}

/** I5: an answer that is short says so. */
export function checkMarked(answer: CountedAnswer): string[] {
  if (answer.status !== 200 || answer.total === answer.expected) return [];
  if (answer.degraded !== null && answer.total < answer.expected) return [];
  return [`${answer.what} counts ${answer.total} instead of ${answer.expected}, unmarked`];
}

/** A look at a task. */
export interface TaskSighting {
  uid: number;
  status: TaskStatus;
}

const rank: Record<TaskStatus, number> = { enqueued: 0, processing: 1, succeeded: 2, failed: 2, canceled: 2 };
const ended = (status: TaskStatus): boolean => rank[status] === 2;

/** I6: in order of time, a task's status never goes back, and it ends once. `quiet`: all have ended by now. */
export function checkTasks(sightings: readonly TaskSighting[], quiet: boolean): string[] {
  const findings: string[] = [];
  const last = new Map<number, TaskStatus>();
  for (const { uid, status } of sightings) {
    const before = last.get(uid);
    last.set(uid, status);
    if (before === undefined || before === status) continue;
    if (ended(before) || rank[status] < rank[before]) findings.push(`task ${uid} was ${before} and then ${status}`);
  }
  if (!quiet) return findings;
  for (const [uid, status] of last) if (!ended(status)) findings.push(`task ${uid} is still ${status}`);
  return findings;
}

/** I6: acknowledgements name different tasks, and none of those tasks has gone. */
export function checkAcknowledged(taskUids: readonly number[], known: ReadonlySet<number>): string[] {
  const twice = checkOnce('the acknowledgements', taskUids.map(String)).map((text) => `task ${text}`);
  const gone = taskUids.filter((uid) => !known.has(uid)).map((uid) => `task ${uid} was acknowledged and is gone`);
  return [...twice, ...gone];
}

/** I7: one settings fingerprint per index and version. */
export function checkSettings(
  seen: readonly { index: string; version: number; node: string; fingerprint: string }[],
): string[] {
  const first = new Map<string, { node: string; fingerprint: string }>();
  return seen.flatMap(({ index, version, node, fingerprint }) => {
    const key = `${index} version ${version}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, { node, fingerprint });
    if (other === undefined || other.fingerprint === fingerprint) return [];
    return [`settings of ${key} differ between ${other.node} and ${node}`];
  });
}

/** I8: retries and hedges are at most a share of the node requests that searches need anyway. */
export function checkExtraRequests(nodeRequests: number, needed: number, share: number): string[] {
  // A handful of requests is no share of anything.
  if (nodeRequests <= Math.max(needed * (1 + share), needed + 5)) return [];
  return [`${nodeRequests} node requests where ${needed.toFixed(0)} were needed: more than ${share * 100} % extra`];
}

/** I8: memory stays bounded; samples in bytes. */
export function checkMemory(samples: readonly number[], limit: number): string[] {
  const most = Math.max(0, ...samples);
  return most <= limit
    ? []
    : [`memory reached ${Math.round(most / 2 ** 20)} MiB of ${Math.round(limit / 2 ** 20)} MiB`];
}
