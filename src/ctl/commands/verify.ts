import { setTimeout as sleep } from 'node:timers/promises';
import type { AdminVerification } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import { exitCodes } from '../errors.ts';
import { counted, type Output } from '../output.ts';
import type { ProgressBar } from '../progress.ts';

const pollMs = 250;
const whole = new Intl.NumberFormat('en');

function exitCode({ status, differed, unsettled }: AdminVerification): number {
  if (status === 'failed') return exitCodes.failed;
  return differed + unsettled > 0 ? exitCodes.differed : exitCodes.ok;
}

function summary(report: AdminVerification): string {
  const { index, status, differed, shards } = report;
  if (status === 'failed') return `${index}: the copies could not be compared: ${report.error ?? 'no reason known'}`;
  const read = `${index}: ${counted(shards.done, 'shard')}, ${whole.format(report.comparedDocuments)} documents read`;
  const notes = [
    shards.single > 0 ? `${counted(shards.single, 'shard')} with a single copy in sync, not compared` : null,
    report.guessed > 0
      ? `${counted(report.guessed, 'document')} made equal without knowing which copy was right`
      : null,
    report.undecided > 0
      ? `${counted(report.undecided, 'document')} left as they are: deleted or not, nobody knows`
      : null,
    report.unsettled > 0 ? `${counted(report.unsettled, 'document')} not looked at closely, too much is written` : null,
  ].filter((note) => note !== null);
  const found =
    differed === 0
      ? 'all copies are equal'
      : `${counted(differed, 'document')} differed; ${counted(report.written, 'copy', 'copies')} rewritten, ${report.deleted} deleted`;
  return [`${read}, ${found}`, ...notes.map((note) => `  ! ${note}`)].join('\n');
}

/** `miroir-ctl verify INDEX`: compare the copies of an index with each other; with `watch`, until that is done. */
export async function verify(client: AdminClient, index: string, watch: boolean, bar: ProgressBar): Promise<Output> {
  let report = await client.verify(index);
  if (!watch) {
    return { data: report, text: `comparing the copies of ${index}; see miroir-ctl verify ${index} --watch` };
  }
  while (report.status === 'running') {
    const { done, total } = report.shards;
    bar.update({ label: 'comparing', done, total, format: (value) => counted(value, 'shard') });
    await sleep(pollMs);
    report = await client.verification(index);
  }
  bar.end();
  return { data: report, text: summary(report), exitCode: exitCode(report) };
}
