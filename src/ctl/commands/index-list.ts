import { renderTable } from '../../cli/table.ts';
import type { AdminClient } from '../client.ts';
import type { Output } from '../output.ts';

/** `miroir-ctl index list`: every index and what the nodes call it. */
export async function indexList(client: AdminClient): Promise<Output> {
  const { indexes } = await client.topology();
  const rows = indexes.map((index) => [
    index.uid,
    index.shards,
    index.primaryKey ?? '-',
    index.settingsVersion,
    index.physicalUid,
  ]);
  const table = renderTable(['index', 'shards', 'primary key', 'settings version', 'name on the nodes'], rows);
  return { data: { indexes }, text: rows.length === 0 ? 'there are no indexes' : table };
}
