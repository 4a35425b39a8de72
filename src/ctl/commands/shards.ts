import { renderTable } from '../../cli/table.ts';
import type { AdminCopy } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import { CtlError, exitCodes } from '../errors.ts';
import type { Output } from '../output.ts';

function showCopy({ node, state }: AdminCopy): string {
  return state === 'in_sync' ? node : `${node} (${state})`;
}

/** `miroir-ctl shards [index]`: where each shard's copies are. */
export async function shards(client: AdminClient, index: string | undefined): Promise<Output> {
  const answer = await client.shards();
  const shown = answer.indexes.filter(({ uid }) => index === undefined || uid === index);
  if (index !== undefined && shown.length === 0) throw new CtlError(exitCodes.failed, `there is no index ${index}`);
  const rows = shown.flatMap(({ uid, shards: list }) =>
    list.map(({ shard, copies }) => [uid, shard, copies.map(showCopy).join(', ')]),
  );
  const { readable, total } = answer.coverage;
  return {
    data: { ...answer, indexes: shown },
    text: [`${readable} of ${total} shards readable`, '', renderTable(['index', 'shard', 'copies'], rows)].join('\n'),
  };
}
