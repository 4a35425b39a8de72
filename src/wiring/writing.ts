import { createSettingsCommit } from '../indexes/settings/service.ts';
import { createWebhookPoster } from '../instance/webhooks/post.ts';
import { createWebhooks } from '../instance/webhooks/service.ts';
import { machineTime } from '../nodes/timing.ts';
import type { Metrics } from '../observability/metrics.ts';
import { editedTopology } from '../rebalance/change.ts';
import { createRebalancing, type Rebalancing } from '../rebalance/start.ts';
import type { RepairStatus } from '../repair/scheduler.ts';
import { createRepairs, type Repairs } from '../repair/start.ts';
import { createTouchedDocuments } from '../repair/touched.ts';
import { correctedChanges } from '../reshard/layouts.ts';
import { createResharding, type Resharding } from '../reshard/start.ts';
import { createWriteWatches } from '../reshard/write-watch.ts';
import { rfc3339 } from '../tasks/clock.ts';
import { createTaskEngine, type TaskEngine } from '../tasks/engine.ts';
import type { Cluster, Process } from './cluster.ts';
import { toLogicalError } from './reading.ts';

/** What changes the nodes: clients' writes as tasks, repairs, moves; and who is told of ended tasks. */
export interface Writing {
  tasks: TaskEngine;
  rebalance: Rebalancing;
  repairs: Repairs;
  resharding: Resharding;
  webhooks: Awaited<ReturnType<typeof createWebhooks>>;
}

/** Milliseconds a webhook's receiver may take, and the first wait after it failed. */
const webhookTimeoutMs = 10_000;
const webhookFirstRetryMs = 1_000;

function startWebhooks({ log, metrics, stops }: Process, { store }: Cluster) {
  const webhooks = createWebhooks({
    store,
    poster: createWebhookPoster(webhookTimeoutMs),
    firstRetryMs: webhookFirstRetryMs,
    onOutcome: (outcome) => metrics.webhookDeliveries.inc({ outcome }),
    log,
  });
  stops.add('the webhooks', async () => (await webhooks).stop());
  return webhooks;
}

function recordMove(metrics: Metrics, repair: RepairStatus, succeeded: boolean, seconds: number): void {
  metrics.movedDocuments.inc(repair.copied);
  metrics.movedBytes.inc(repair.bytes);
  if (!succeeded) return;
  metrics.leastMovedDocuments.inc(repair.documents ?? 0);
  metrics.moveDuration.observe(seconds);
}

/** Takes up what an earlier process left, edits of the configuration included, and begins to look after tasks and copies. */
export async function startWriting(process: Process, cluster: Cluster): Promise<Writing> {
  const { config, log, metrics, stops, now } = process;
  const { store, catalog, copies, view, topology, clients, health } = cluster;
  const webhooks = await startWebhooks(process, cluster);
  const touched = createTouchedDocuments();
  const tasks = createTaskEngine({
    store,
    catalog,
    copies,
    view,
    topology,
    clients: cluster.writers,
    settings: createSettingsCommit({ catalog, clients, view, timeoutMs: config.search.nodeTimeout, log }),
    toLogicalError,
    probe: (node) => health.probeNow(node),
    policy: config.write,
    writeTimeoutMs: config.write.timeout,
    probeAfterMs: config.write.probeAfter,
    resends: config.write.resends,
    maxWaiting: config.write.maxWaiting,
    maxUnfinished: config.tasks.maxUnfinished,
    retentionMs: config.tasks.retention,
    nodeRetentionMs: config.tasks.nodeRetention,
    idempotency: { retentionMs: config.idempotency.retention, maxKeys: config.idempotency.maxKeys },
    now,
    timing: machineTime,
    onLostAnswer: (outcome) => metrics.lostAnswers.inc({ outcome }),
    onOtherDisk: (node) => repairs.admission.otherDisk(node),
    log,
    onEnded(task) {
      metrics.tasks.inc({ status: task.status });
      webhooks.taskEnded(task);
    },
    onRegistered(task) {
      touched.registered(task);
      watches.registered(task);
    },
  });
  const watches = createWriteWatches(tasks.active);
  const rebalance = await createRebalancing({
    tasks,
    topology,
    clients,
    connect: cluster.connect,
    health,
    config,
    onTopology: (record) => clients.setNodes(record.nodes),
    now,
    log,
  });
  const repairs = createRepairs({
    tasks,
    touched,
    may: (mark) => rebalance.mayFill(mark),
    correcting: (index, ids) =>
      tasks.state.commit(correctedChanges(tasks.state, index, ids, { ms: now(), now: rfc3339(now()) })),
    nodes: cluster.nodeIds,
    health,
    onNodeUse: cluster.tellNode,
    clients,
    config: config.rebalance,
    antiEntropy: config.antiEntropy,
    metrics: {
      repaired(repair, succeeded, seconds) {
        const { copied, deleted } = repair;
        rebalance.repaired(repair, succeeded);
        if (repair.moving) recordMove(metrics, repair, succeeded, seconds);
        metrics.repairs.inc({ outcome: succeeded ? 'succeeded' : 'failed' });
        metrics.repairedDocuments.inc({ action: 'copied' }, copied);
        metrics.repairedDocuments.inc({ action: 'deleted' }, deleted);
      },
      verified({ differed, written, deleted }) {
        metrics.repairedDocuments.inc({ action: 'differed' }, differed);
        metrics.repairedDocuments.inc({ action: 'rewritten' }, written);
        metrics.repairedDocuments.inc({ action: 'removed' }, deleted);
      },
    },
    timeoutMs: config.write.timeout,
    log,
  });
  const resharding = createResharding({
    tasks,
    tools: repairs.tools,
    watches,
    may: (mark) => rebalance.mayFill(mark),
    retainMs: config.reshard.retain,
    timeoutMs: config.write.timeout,
    metrics: {
      ended: (outcome) => metrics.reshards.inc({ outcome }),
      copied: (documents) => metrics.reshardDocuments.inc({ action: 'copied' }, documents),
      deleted: (documents) => metrics.reshardDocuments.inc({ action: 'deleted' }, documents),
    },
    now,
    log,
  });
  const { admission, scheduler, verifier, pacer } = repairs;
  rebalance.setRepairs({ status: scheduler.status, pace: pacer.pace });
  cluster.setAdmission(admission);
  await admission.start();
  stops.add('the admission of nodes', () => admission.stop());
  await tasks.start();
  stops.add('the task engine', () => tasks.stop());
  pacer.start();
  stops.add('the pace of copying', () => pacer.stop());
  scheduler.start();
  stops.add('the repairs', () => scheduler.stop());
  rebalance.start();
  stops.add('the moving of copies', () => rebalance.stop());
  resharding.start();
  stops.add('the resharding', () => resharding.stop());
  const { edits, seen } = cluster.loaded;
  if (edits !== null) await rebalance.service.change(editedTopology(edits));
  await store.commit([seen]);
  await verifier.start();
  stops.add('the comparison of copies', () => verifier.stop());
  await webhooks.start();
  return { tasks, rebalance, repairs, resharding, webhooks };
}
