import { connect, createServer, type Socket } from 'node:net';
import type { LocalNode } from '../../src/nodes/local.ts';

/** A TCP relay in front of a node that counts searches and can hold its answers back. */
export interface SlowFront {
  readonly address: string;
  /** Searches passed to the node so far. */
  searches(): number;
  /** Milliseconds by which each piece of an answer is late from now on. */
  delayBy(ms: number): void;
  close(): Promise<void>;
}

/** Start a relay on a free port. */
export async function startSlowFront(node: LocalNode): Promise<SlowFront> {
  const sockets = new Set<Socket>();
  let searches = 0;
  let delay = 0;
  const server = createServer((client) => {
    const upstream = connect(node.port, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        // behind what is still held back
        setTimeout(() => other.destroy(), socket === upstream ? delay + 5 : 0);
      });
    }
    client.on('data', (chunk) => {
      searches += chunk.toString('latin1').split('/search HTTP/').length - 1;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => setTimeout(() => client.destroyed || client.write(chunk), delay));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    address: `http://127.0.0.1:${port}`,
    searches: () => searches,
    delayBy(ms) {
      delay = ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
