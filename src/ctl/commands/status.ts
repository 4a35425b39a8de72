import { renderTable } from '../../cli/table.ts';
import type { AdminNode, AdminReady, AdminShards, AdminTopology } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import { exitCodes } from '../errors.ts';
import { age, counted, type Output } from '../output.ts';

type PlacedNode = AdminNode & { group: number };

function flatNodes(topology: AdminTopology): PlacedNode[] {
  return topology.groups.flatMap(({ group, nodes }) => nodes.map((node) => ({ ...node, group })));
}

/** Everything that is not as it should be, one sentence each. */
export function findProblems(topology: AdminTopology, shards: AdminShards, ready: AdminReady, now: number): string[] {
  const { total, readable } = shards.coverage;
  const problems: string[] = [];
  for (const node of flatNodes(topology)) {
    if (node.state === 'recovering') problems.push(`${node.id} has come back and is being looked at`);
    else if (node.state !== 'up') {
      const held = node.until !== null && Date.parse(node.until) > now ? `; not used again before ${node.until}` : '';
      problems.push(`${node.id} is ${node.state}: ${node.reason ?? 'no reason known'}${held}`);
    }
    const stale = node.staleCopies.length;
    if (stale > 0) problems.push(`${node.id} has ${counted(stale, 'stale copy', 'stale copies')}`);
  }
  if (readable < total) problems.push(`${counted(total - readable, 'shard')} of ${total} cannot be read`);
  if (!ready.ready) problems.push(...ready.reasons.map((reason) => `not ready: ${reason}`));
  return problems;
}

function nodeTable(nodes: readonly PlacedNode[], now: number): string {
  return renderTable(
    ['node', 'state', 'for', 'group', 'shards', 'stale', 'version', 'address'],
    nodes.map((node) => [
      node.id,
      node.avoided ? `${node.state}, slow` : node.state,
      age(node.since, now),
      node.group,
      node.shards,
      node.staleCopies.length,
      node.version ?? '-',
      node.address,
    ]),
  );
}

/** `miroir-ctl status`: is everything well, and if not, what is wrong. */
export async function status(client: AdminClient, now: number): Promise<Output> {
  const [topology, shards, ready] = await Promise.all([client.topology(), client.shards(), client.ready()]);
  const problems = findProblems(topology, shards, ready, now);
  const nodes = flatNodes(topology);
  const word = problems.length === 0 ? 'healthy' : 'degraded';
  const { total, readable } = shards.coverage;
  const summary = [
    `${counted(nodes.length, 'node')} in ${counted(topology.groups.length, 'group')}`,
    `${counted(topology.replicationFactor, 'copy', 'copies')} per shard and group`,
    `${counted(topology.indexes.length, 'index', 'indexes')}`,
    `${readable} of ${total} shards readable`,
  ];
  return {
    data: {
      status: word,
      problems,
      ready: ready.ready,
      coverage: shards.coverage,
      nodes,
      indexes: topology.indexes.length,
    },
    text: [
      `${client.url} is ${word}: ${summary.join(', ')}`,
      ...problems.map((problem) => `  ! ${problem}`),
      '',
      nodeTable(nodes, now),
    ].join('\n'),
    exitCode: problems.length === 0 ? exitCodes.ok : exitCodes.degraded,
  };
}
