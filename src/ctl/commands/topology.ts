import { renderTable } from '../../cli/table.ts';
import type { AdminStaleCopy } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import { age, type Output } from '../output.ts';

function repairText({ repair }: AdminStaleCopy): string {
  if (repair === null) return 'waits for its node';
  if (repair.phase === 'waiting') return repair.lastError ?? 'waits for its turn';
  const share = repair.total === null ? '' : ` ${repair.compared} of ${repair.total} documents`;
  return `${repair.phase}${share}, ${repair.copied} copied`;
}

/** `miroir-ctl topology`: groups, their nodes and what each node has missed. */
export async function topology(client: AdminClient, now: number): Promise<Output> {
  const data = await client.topology();
  const groups = data.groups.map(({ group, nodes }) => {
    const table = renderTable(
      ['node', 'address', 'state', 'reads', 'role', 'shards', 'documents', 'size', 'last error'],
      nodes.map((node) => [
        node.id,
        node.address,
        node.state,
        node.avoided ? 'avoided' : '',
        node.role,
        node.shards,
        node.documents ?? '-',
        node.bytes === null ? '-' : `${Math.round(node.bytes / 2 ** 20)} MiB`,
        node.lastError ?? '',
      ]),
    );
    return `group ${group}\n${table}`;
  });
  const stale = data.groups.flatMap(({ nodes }) =>
    nodes.flatMap((node) =>
      node.staleCopies.map((copy) => [
        node.id,
        copy.index,
        copy.shard,
        age(copy.since, now),
        copy.reason,
        repairText(copy),
      ]),
    ),
  );
  const head = `topology version ${data.version}, replication factor ${data.replicationFactor}`;
  const staleTable =
    stale.length === 0
      ? []
      : [`stale copies\n${renderTable(['node', 'index', 'shard', 'for', 'reason', 'repair'], stale)}`];
  return { data, text: [head, ...groups, ...staleTable].join('\n\n') };
}
