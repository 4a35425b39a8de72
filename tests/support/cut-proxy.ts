import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy in front of a node that can take requests through and cut the connection before the answer. */
export interface CutProxy {
  readonly address: string;
  /** Connections cut so far. */
  readonly cuts: number;
  /** Cut the next so many answers to requests whose first line matches. */
  cutNext(count: number, line: RegExp): void;
  /** Cut the next request whose first line matches when so many bytes of it have gone through. */
  cutUpload(bytes: number, line: RegExp): void;
  close(): Promise<void>;
}

/** Start one on a free loopback port. */
export async function startCutProxy(target: string): Promise<CutProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let left = 0;
  let cuts = 0;
  let wanted = /^$/;
  let upload: { bytes: number; line: RegExp } | null = null;
  const server = createServer((client) => {
    const node = connect({ host: hostname, port: Number(port) });
    let cut = false;
    let uploaded = 0;
    let most = Number.POSITIVE_INFINITY;
    for (const socket of [client, node]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    }
    const cutOff = () => {
      cuts++;
      client.resetAndDestroy();
    };
    client.on('data', (chunk) => {
      const [line = ''] = chunk.toString('latin1', 0, 200).split('\r\n', 1);
      if (left > 0 && wanted.test(line)) {
        left--;
        cut = true;
      }
      if (upload?.line.test(line)) {
        [uploaded, most, upload] = [0, upload.bytes, null];
      }
      uploaded += chunk.length;
      if (uploaded <= most) node.write(chunk);
      else cutOff();
    });
    node.on('data', (chunk) => {
      if (cut) cutOff();
      else client.write(chunk);
    });
    const both = () => {
      client.destroy();
      node.destroy();
    };
    client.on('error', both).on('close', both);
    node.on('error', both).on('close', both);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    address: `http://127.0.0.1:${address.port}`,
    get cuts() {
      return cuts;
    },
    cutNext(count, line) {
      left = count;
      wanted = line;
    },
    cutUpload(bytes, line) {
      upload = { bytes, line };
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
