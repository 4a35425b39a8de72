import { setTimeout as sleep } from 'node:timers/promises';
import { renderTable } from '../../cli/table.ts';
import type { AdminPlan, AdminRebalance } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import { counted, type Output } from '../output.ts';
import { type ProgressBar, timeLeft } from '../progress.ts';
import type { TopologyRequest } from '../topology-verbs.ts';

const pollMs = 500;
const whole = new Intl.NumberFormat('en');
const mebibytes = (bytes: number) => `${whole.format(Math.round(bytes / 2 ** 20))} MiB`;
const copies = (count: number) => counted(count, 'copy', 'copies');

function describe(status: AdminRebalance): string {
  if (status.state === 'idle') return 'nothing moves';
  const { total, done } = status.copies;
  const left = [`${done} of ${copies(total)} made`];
  if (status.leaving > 0) left.push(`${copies(status.leaving)} serve until then`);
  if (status.cleaning > 0) left.push(`${copies(status.cleaning)} to be deleted`);
  return `${status.state}: ${left.join(', ')}`;
}

/** `miroir-ctl rebalance status`; with `watch`, a bar until nothing moves any more. */
export async function rebalanceStatus(client: AdminClient, watch: boolean, bar: ProgressBar): Promise<Output> {
  let status = await client.rebalance();
  while (watch && status.state !== 'idle') {
    const { total, done } = status.copies;
    const label = status.state === 'paused' ? 'paused' : done < total ? 'copying' : 'cleaning up';
    bar.update({ label, done, total, format: (value) => copies(value) });
    await sleep(pollMs);
    status = await client.rebalance();
  }
  bar.end();
  return { data: status, text: describe(status) };
}

/** `miroir-ctl rebalance pause | resume | cancel`. */
export async function steerRebalance(client: AdminClient, action: 'pause' | 'resume' | 'cancel'): Promise<Output> {
  const { rebalance } = await client.steer(action);
  return { data: rebalance, text: describe(rebalance) };
}

function planText(plan: AdminPlan): string {
  const head = `${copies(plan.copies)} would be made: about ${counted(plan.documents, 'document')}, ${mebibytes(plan.bytes)}, ${timeLeft(plan.seconds)} at least`;
  const rows = plan.nodes.map(({ id, gains, loses }) => [id, `+${gains}`, `-${loses}`]);
  const table = rows.length === 0 ? [] : [renderTable(['node', 'gets', 'gives'], rows)];
  return [head, ...table, ...plan.warnings.map((warning) => `  ! ${warning}`)].join('\n');
}

/** A change of the topology, or with `dryRun` what it would move; with `watch`, until all copies have moved. */
export async function changeTopology(
  client: AdminClient,
  request: TopologyRequest,
  flags: { force: boolean; dryRun: boolean; watch: boolean },
  bar: ProgressBar,
): Promise<Output> {
  const answer = await client.changeTopology(request, flags);
  if ('plan' in answer) return { data: answer.plan, text: planText(answer.plan) };
  if (flags.watch) return rebalanceStatus(client, true, bar);
  const hint = answer.rebalance.state === 'idle' ? '' : '; see miroir-ctl rebalance status --watch';
  return { data: answer.rebalance, text: `${describe(answer.rebalance)}${hint}` };
}
