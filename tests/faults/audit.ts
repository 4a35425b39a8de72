import { canonical, possibleStates } from '../invariants/history.ts';
import {
  checkAcknowledged,
  checkCopies,
  checkDocuments,
  checkMemory,
  checkOnce,
  checkOwners,
  checkSettings,
  checkTasks,
} from '../invariants/invariants.ts';
import { sendJson } from '../support/http.ts';
import { baseDocuments, indexUid, liveIds } from './data.ts';
import { type Lab, waitFor } from './lab.ts';
import { allDocuments, openNodeTasks, readNodes, topologyOf, unreadableCopies } from './node-content.ts';
import type { RunLog } from './run-log.ts';
import { checkAgainstSingle } from './single-server.ts';
import { lookAtTasks } from './watchers.ts';

/** What Miroir may use at most under the lab's small load, in bytes. */
const memoryLimit = 512 * 2 ** 20;

/** Wait until all tasks have ended, all nodes are up and every copy may be read; says what is missing when it never comes. */
export async function becomeQuiet(lab: Lab, log: RunLog, timeoutMs: number): Promise<void> {
  let missing: string[] = [];
  const quiet = async () => {
    missing = ['Miroir does not answer'];
    const acknowledged = log.writes.filter((write) => write.outcome === 'acknowledged');
    await lookAtTasks(
      lab,
      log,
      acknowledged.filter((write) => !['succeeded', 'failed'].includes(write.status ?? '')),
    );
    const { total } = await sendJson<{ total: number }>(lab, 'GET', '/tasks?statuses=enqueued,processing&limit=1');
    const { groups } = await topologyOf(lab);
    const down = groups.flatMap(({ nodes }) =>
      nodes.filter(({ state }) => state !== 'up').map(({ id }) => `${id} is down`),
    );
    missing = [...down, ...(await unreadableCopies(lab)), ...(total > 0 ? [`${total} tasks have not ended`] : [])];
    return missing.length === 0;
  };
  const since = performance.now();
  if (await waitFor(quiet, timeoutMs)) lab.note(`quiet after ${((performance.now() - since) / 1_000).toFixed(1)} s`);
  else log.report('diverged', [`not quiet after ${timeoutMs / 1_000} s: ${missing.slice(0, 6).join(', ')}`]);
}

async function auditDocuments(lab: Lab, log: RunLog, seed: number): Promise<void> {
  const documents = await allDocuments(lab, indexUid);
  log.report(
    'double',
    checkOnce(
      'the list of all documents',
      documents.map((doc) => doc.id),
    ),
  );
  const expected = new Map(liveIds.map((id) => [id, possibleStates(id, log.writes, null)]));
  for (const doc of baseDocuments(seed)) expected.set(doc.id, new Set([canonical(doc)]));
  const observed = new Map(documents.map((doc) => [doc.id, canonical(doc)]));
  const { lost, resurrected } = checkDocuments(expected, observed);
  log.report('lost', lost);
  log.report('resurrected', resurrected);
}

async function auditNodes(lab: Lab, log: RunLog): Promise<void> {
  const contents = await readNodes(lab);
  log.report('diverged', checkCopies(contents.flatMap(({ copies }) => copies)));
  for (const { node, owned, held } of contents) log.report('double', checkOwners(node, owned, held));
  const { indexes } = await topologyOf(lab);
  const version = indexes.find(({ uid }) => uid === indexUid)?.settingsVersion ?? 0;
  log.report(
    'diverged',
    checkSettings(contents.map(({ node, settings }) => ({ index: indexUid, version, node, fingerprint: settings }))),
  );
  for (const node of lab.nodes) {
    const open = await openNodeTasks(node);
    if (open > 0) log.report('other', [`${node.id} still has ${open} tasks`]);
  }
}

async function auditTasks(lab: Lab, log: RunLog): Promise<void> {
  const acknowledged = log.writes.filter((write) => write.outcome === 'acknowledged');
  await lookAtTasks(lab, log, acknowledged);
  log.report('other', checkTasks(log.sightings, true));
  const uids = acknowledged.map((write) => write.taskUid ?? -1);
  log.report('double', checkAcknowledged(uids, new Set(log.sightings.map(({ uid }) => uid))));
  const types = 'types=documentAdditionOrUpdate,documentDeletion';
  const { total } = await sendJson<{ total: number }>(lab, 'GET', `/tasks?${types}&limit=1`);
  // The first task loaded the untouched documents.
  const most = 1 + log.writes.filter((write) => write.outcome !== 'refused').length;
  if (total > most) log.report('double', [`${total} tasks came of ${most} writes`]);
  for (const write of acknowledged) {
    if (write.status === 'failed')
      log.report('lost', [`task ${write.taskUid} was acknowledged and failed: ${write.error}`]);
  }
}

/** Once quiet: everything that must hold, from Miroir, from each node, and against one plain server. */
export async function audit(lab: Lab, log: RunLog, seed: number): Promise<void> {
  const parts = { auditDocuments, auditNodes, auditTasks, checkAgainstSingle };
  for (const [name, part] of Object.entries(parts)) {
    await part(lab, log, seed).catch((error: unknown) => {
      log.report('other', [`${name} could not be done: ${error instanceof Error ? error.message : String(error)}`]);
    });
  }
  log.report('other', checkMemory(log.memory, memoryLimit));
}
