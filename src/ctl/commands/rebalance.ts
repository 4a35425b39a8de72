import { setTimeout as sleep } from 'node:timers/promises';
import { renderTable } from '../../cli/table.ts';
import type { AdminPlan, AdminRebalance } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import { counted, type Output } from '../output.ts';
import { type Progress, type ProgressBar, timeLeft } from '../progress.ts';
import type { TopologyRequest } from '../topology-verbs.ts';

const pollMs = 500;
const whole = new Intl.NumberFormat('en');
const mebibytes = (bytes: number) => `${whole.format(Math.round(bytes / 2 ** 20))} MiB`;
const copies = (count: number) => counted(count, 'copy', 'copies');

const documents = (count: number) => `${whole.format(count)} documents`;
/** Moves that are drawn at most. */
const mostDrawn = 10;

function describe(status: AdminRebalance): string {
  if (status.state === 'idle') return 'nothing moves';
  const { total, done } = status.copies;
  const left = [`${done} of ${copies(total)} made`];
  if (status.leaving > 0) left.push(`${copies(status.leaving)} serve until then`);
  if (status.cleaning > 0) left.push(`${copies(status.cleaning)} to be deleted`);
  return `${status.state}: ${left.join(', ')}`;
}

/** Why copying is slower than it may be; empty at full speed. */
function paceText({ pace }: AdminRebalance): string {
  if (pace.documentsPerSecond === null || pace.reason === 'full speed') return '';
  return `${documents(pace.documentsPerSecond)}/s at most: ${pace.reason}`;
}

function movesTable({ moves }: AdminRebalance): string {
  const rows = moves.map((move) => [
    move.index,
    move.node,
    String(move.shards.length),
    move.phase,
    move.documents.total === null
      ? ''
      : `${whole.format(move.documents.done)} of ${whole.format(move.documents.total)}`,
    move.documentsPerSecond === 0 ? '' : whole.format(move.documentsPerSecond),
    move.secondsLeft === null ? '' : timeLeft(move.secondsLeft),
    move.lastError ?? '',
  ]);
  return renderTable(['index', 'to', 'shards', 'phase', 'documents', 'per second', 'left', 'last error'], rows);
}

/** What is under way in full: the whole in a few lines, then each move. */
function tell(status: AdminRebalance): string {
  if (status.state === 'idle') return describe(status);
  const { documents: count, documentsPerSecond, secondsLeft } = status;
  const rate = documentsPerSecond > 0 ? `, ${whole.format(documentsPerSecond)} per second` : '';
  const left = secondsLeft === null ? '' : `, ${timeLeft(secondsLeft)} left`;
  const lines = [describe(status), `${whole.format(count.done)} of ${documents(count.total)} copied${rate}${left}`];
  if (paceText(status) !== '') lines.push(paceText(status));
  return [...lines, ...(status.moves.length === 0 ? [] : [movesTable(status)])].join('\n');
}

/** A bar for everything, and one for each move under way. */
function bars(status: AdminRebalance): Progress[] {
  const label = status.state === 'paused' ? 'paused' : (status.phase ?? 'finishing');
  if (status.filling === 0) {
    const left = status.leaving + status.cleaning;
    return [{ label, done: left, total: null, format: (count) => `${copies(count)} to be deleted` }];
  }
  const all: Progress = {
    label,
    ...status.documents,
    format: documents,
    perSecond: status.documentsPerSecond,
    note: paceText(status),
  };
  const each = status.moves.slice(0, mostDrawn).map(
    (move): Progress => ({
      label: `  ${move.index} to ${move.node}`,
      ...move.documents,
      format: documents,
      perSecond: move.documentsPerSecond,
      note: move.lastError ?? move.phase,
    }),
  );
  return [all, ...each];
}

/** `miroir-ctl rebalance status`; with `watch`, bars until nothing moves any more. */
export async function rebalanceStatus(client: AdminClient, watch: boolean, bar: ProgressBar): Promise<Output> {
  let status = await client.rebalance();
  while (watch && status.state !== 'idle') {
    bar.updateAll(bars(status));
    await sleep(pollMs);
    status = await client.rebalance();
  }
  bar.end();
  return { data: status, text: tell(status) };
}

/** `miroir-ctl rebalance pause | resume | cancel`. */
export async function steerRebalance(client: AdminClient, action: 'pause' | 'resume' | 'cancel'): Promise<Output> {
  const { rebalance } = await client.steer(action);
  return { data: rebalance, text: describe(rebalance) };
}

function planText(plan: AdminPlan): string {
  const time = plan.seconds === null ? '' : `, ${timeLeft(plan.seconds)} at least`;
  const head = `${copies(plan.copies)} would be made: about ${counted(plan.documents, 'document')}, ${mebibytes(plan.bytes)}${time}`;
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
