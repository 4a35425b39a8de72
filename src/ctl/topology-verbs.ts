/** A request of the admin API that changes the topology. */
export interface TopologyRequest {
  method: 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
}

/** Flags of the verbs that need one. */
export interface VerbFlags {
  group?: number;
}

/** One verb on nodes and groups: `miroir-ctl node add`, and `miroir-ctl plan add-node` that only tells what it would do. */
export interface TopologyVerb {
  /** The command it is a part of; null when it is one itself. */
  family: 'node' | 'group' | null;
  name: string;
  planName: string;
  description: string;
  arguments: readonly [name: string, description: string][];
  /** Whether `--group` says where. */
  takesGroup?: boolean;
  request(values: readonly string[], flags: VerbFlags): TopologyRequest;
}

const nodePath = (id = '', rest = '') => `/_miroir/nodes/${encodeURIComponent(id)}${rest}`;

/** `id=http://host:port` as nodes are written on the command line. */
function namedNode(text: string): { id: string; address: string } {
  const cut = text.indexOf('=');
  return cut === -1 ? { id: text, address: '' } : { id: text.slice(0, cut), address: text.slice(cut + 1) };
}

/** Every verb. */
export const topologyVerbs: readonly TopologyVerb[] = [
  {
    family: 'node',
    name: 'add',
    planName: 'add-node',
    description: 'add a node and move its share of the copies to it',
    arguments: [
      ['<id>', 'a name that no node has had'],
      ['<address>', 'for example http://10.0.0.13:7700'],
    ],
    takesGroup: true,
    request: ([id, address], { group }) => ({
      method: 'POST',
      path: '/_miroir/nodes',
      body: { id, address, ...(group === undefined ? {} : { group }) },
    }),
  },
  {
    family: 'node',
    name: 'drain',
    planName: 'drain-node',
    description: 'move all copies of a node to the others; it stays in the cluster, empty',
    arguments: [['<id>', 'the node']],
    request: ([id]) => ({ method: 'POST', path: nodePath(id, '/drain') }),
  },
  {
    family: 'node',
    name: 'activate',
    planName: 'activate-node',
    description: 'use a drained node again',
    arguments: [['<id>', 'the node']],
    request: ([id]) => ({ method: 'POST', path: nodePath(id, '/activate') }),
  },
  {
    family: 'node',
    name: 'remove',
    planName: 'remove-node',
    description: 'move all copies of a node to the others, then let it go; with --force let it go at once',
    arguments: [['<id>', 'the node']],
    request: ([id]) => ({ method: 'DELETE', path: nodePath(id) }),
  },
  {
    family: 'node',
    name: 'replace',
    planName: 'replace-node',
    description: 'move all copies of a node to a new one that takes its place',
    arguments: [
      ['<id>', 'the node that leaves'],
      ['<new-id>', 'a name that no node has had'],
      ['<address>', 'where the new node is'],
    ],
    request: ([id, newId, address]) => ({
      method: 'POST',
      path: nodePath(id, '/replace'),
      body: { id: newId, address },
    }),
  },
  {
    family: 'group',
    name: 'add',
    planName: 'add-group',
    description: 'add a replica group: a further complete set of copies',
    arguments: [['<nodes...>', 'its nodes, each written id=address']],
    takesGroup: true,
    request: (nodes, { group }) => ({
      method: 'POST',
      path: '/_miroir/groups',
      body: { nodes: nodes.map(namedNode), ...(group === undefined ? {} : { group }) },
    }),
  },
  {
    family: 'group',
    name: 'remove',
    planName: 'remove-group',
    description: 'take a replica group out; it stops serving at once',
    arguments: [['<group>', 'its number']],
    request: ([group]) => ({ method: 'DELETE', path: `/_miroir/groups/${encodeURIComponent(group ?? '')}` }),
  },
  {
    family: null,
    name: 'replication-factor',
    planName: 'replication-factor',
    description: 'change the number of copies of each shard inside each group',
    arguments: [['<copies>', 'a whole number from 1']],
    request: ([copies]) => ({
      method: 'PUT',
      path: '/_miroir/replication-factor',
      body: { replicationFactor: Number(copies) },
    }),
  },
];
