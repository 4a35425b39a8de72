import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { LocalNode } from '../../../src/nodes/local.ts';

/** How a gate treats searches; everything else passes. */
type Mode = 'open' | 'shut' | 'overloaded';

/** Stands before the nodes of a cluster and lets searches through, holds them back, or refuses them as a full node does. */
export interface Gates {
  /** For all nodes, or for one. */
  set(mode: Mode, nodeId?: string): void;
  /** Searches held back. */
  readonly held: number;
  /** For `startCluster`. */
  front(node: LocalNode): Promise<string>;
  stop(): void;
}

/** What Meilisearch 1.21 answers when its search queue is full. */
const overload = {
  message: 'Too many search requests running at the same time: 1000. Retry after 10s.',
  code: 'too_many_search_requests',
  type: 'system',
  link: 'https://docs.meilisearch.com/errors#too_many_search_requests',
};

function forward(node: LocalNode, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port: node.port, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.once('error', () => outgoing.destroy());
  outgoing.once('close', () => onward.destroy());
  incoming.pipe(onward);
}

/** Gates that stand open. */
export function createGates(): Gates {
  const modes = new Map<string, Mode>();
  const servers: ReturnType<typeof createServer>[] = [];
  let waiting: (() => void)[] = [];
  return {
    get held() {
      return waiting.length;
    },
    set(mode, nodeId) {
      for (const id of nodeId === undefined ? modes.keys() : [nodeId]) modes.set(id, mode);
      const all = waiting;
      waiting = [];
      for (const go of all) go();
    },
    async front(node) {
      modes.set(node.id, 'open');
      const server = createServer((incoming, outgoing) => {
        const pass = () => {
          const mode = incoming.url?.includes('/search') === true ? modes.get(node.id) : 'open';
          if (mode === 'shut') {
            waiting.push(pass);
          } else if (mode === 'overloaded') {
            incoming.resume();
            outgoing.writeHead(503, { 'content-type': 'application/json', 'retry-after': '10' });
            outgoing.end(JSON.stringify(overload));
          } else {
            forward(node, incoming, outgoing);
          }
        };
        pass();
      });
      servers.push(server);
      return new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address();
          resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
        });
      });
    },
    stop() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
