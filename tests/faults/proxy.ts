import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rng } from '../support/rng.ts';

/** What goes wrong between Miroir and a node. Names and meaning follow toxiproxy's toxics. */
export interface Faults {
  /** Milliseconds that every piece of an answer is late, and how much that varies around it. */
  latencyMs: number;
  jitterMs: number;
  /** Connections are accepted, requests are swallowed, nothing is answered. */
  blackHole: boolean;
  /** Share of new connections that are reset (RST) as soon as something is sent over them. */
  resetShare: number;
  /** Bytes that pass per second and direction; null for all there are. */
  bytesPerSecond: number | null;
  /** The connection is closed after so many bytes of answer; null never. */
  cutAfterBytes: number | null;
  /** Answers come in pieces of so many bytes; null leaves them as they are. */
  sliceBytes: number | null;
  /** Milliseconds that the end of a connection is late. */
  slowCloseMs: number;
  /**
   * Answer requests whose first line matches with these bytes, or not at all (null), instead of asking the node; `once`:
   * only the first of them.
   */
  impostor: { request: RegExp; answer: string | null; once?: true } | null;
}

/** A healthy line. */
export const noFaults: Readonly<Faults> = {
  latencyMs: 0,
  jitterMs: 0,
  blackHole: false,
  resetShare: 0,
  bytesPerSecond: null,
  cutAfterBytes: null,
  sliceBytes: null,
  slowCloseMs: 0,
  impostor: null,
};

/** A TCP proxy that breaks on demand. */
export interface FaultProxy {
  /** Where Miroir connects instead of to the node. */
  readonly address: string;
  /** Requests seen so far, by their first line without query (`POST /indexes/x/search`), whatever became of them. */
  readonly requests: ReadonlyMap<string, number>;
  /** Change what goes wrong, for open connections too; what is not named stays. */
  set(faults: Partial<Faults>): void;
  /** Heal the line. Connections that swallowed something are closed. */
  heal(): void;
  /** Reset every open connection. */
  resetAll(): void;
  /** Nothing listens any more, as when the node's process is gone: open connections are reset, new ones refused. */
  down(): Promise<void>;
  /** Listen again, at the same address. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/** Bytes waiting in one direction before the sender is held back. */
const highWater = 1 << 20;
const requestLine = /^(?:GET|POST|PUT|PATCH|DELETE) \S+ HTTP\/1\.1\r\n/;

/** One direction of a connection: pieces go on in order, each when it is due. */
function createPipe(source: Socket, target: Socket, deliver: (chunk: Buffer, arrivedAt: number) => Promise<void>) {
  let waiting = 0;
  let tail = Promise.resolve();
  source.on('data', (chunk: Buffer) => {
    const arrivedAt = performance.now();
    waiting += chunk.length;
    if (waiting > highWater) source.pause();
    tail = tail.then(async () => {
      if (!target.destroyed) await deliver(chunk, arrivedAt);
      waiting -= chunk.length;
      if (waiting <= highWater) source.resume();
    });
  });
  return { drained: () => tail };
}

async function write(target: Socket, piece: Buffer): Promise<void> {
  if (target.destroyed || !target.writable) return;
  if (target.write(piece)) return;
  await Promise.race([once(target, 'drain'), once(target, 'close')]).catch(() => undefined);
}

function* slices(chunk: Buffer, size: number | null): Generator<Buffer> {
  if (size === null) yield chunk;
  else for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
}

/** Put a proxy in front of `target` (`http://host:port`), on a free loopback port. */
export async function startFaultProxy(target: string, rng: Rng): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  let faults: Faults = { ...noFaults };
  const requests = new Map<string, number>();
  const open = new Set<{ client: Socket; node: Socket; swallowed: boolean }>();

  /** The first line of a request when the chunk begins one; Miroir does not pipeline. */
  function countRequest(chunk: Buffer): string | null {
    const line = requestLine.exec(chunk.toString('latin1', 0, 2_048))?.[0];
    if (line === undefined) return null;
    const key = line.replace(/ HTTP\/1\.1\r\n$/, '').replace(/\?.*$/, '');
    requests.set(key, (requests.get(key) ?? 0) + 1);
    return line;
  }

  async function throttle(bytes: number): Promise<void> {
    if (faults.bytesPerSecond !== null) await sleep((bytes / faults.bytesPerSecond) * 1_000);
  }

  function serve(client: Socket): void {
    const node = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true });
    const connection = { client, node, swallowed: false };
    const doomed = rng.chance(faults.resetShare);
    let answered = 0;
    let impostor: Faults['impostor'] = null;
    open.add(connection);
    for (const socket of [client, node]) socket.setNoDelay(true);

    const up = createPipe(client, node, async (chunk) => {
      const line = countRequest(chunk);
      if (line !== null) impostor = faults.impostor?.request.test(line) ? faults.impostor : null;
      if (line !== null && impostor?.once) faults.impostor = null;
      if (doomed) return void client.resetAndDestroy();
      if (faults.blackHole || impostor?.answer === null) connection.swallowed = true;
      else if (impostor !== null) client.end(impostor.answer);
      if (connection.swallowed || impostor !== null) return;
      await throttle(chunk.length);
      await write(node, chunk);
    });

    const down = createPipe(node, client, async (chunk, arrivedAt) => {
      for (const piece of slices(chunk, faults.sliceBytes)) {
        const late = faults.latencyMs + (rng.next() * 2 - 1) * faults.jitterMs;
        const due = Math.max(0, arrivedAt + late - performance.now());
        if (late > 0) await sleep(due);
        if (faults.blackHole) connection.swallowed = true;
        if (connection.swallowed) return;
        await throttle(piece.length);
        const left = faults.cutAfterBytes === null ? piece.length : Math.max(0, faults.cutAfterBytes - answered);
        await write(client, piece.subarray(0, left));
        answered += piece.length;
        if (left < piece.length) client.end();
      }
    });

    const end = (from: { drained(): Promise<void> }, to: Socket) => async () => {
      await from.drained();
      if (faults.slowCloseMs > 0) await sleep(faults.slowCloseMs);
      if (!connection.swallowed) to.end();
    };
    client.on('end', end(up, node));
    node.on('end', end(down, client));
    const gone = (other: Socket) => () => {
      if (!connection.swallowed || other === node) other.destroy();
      if (client.destroyed) open.delete(connection);
    };
    client.on('close', gone(node)).on('error', () => node.destroy());
    // A node that goes away takes its connections with it, as the kernel of its machine would.
    node.on('close', () => void down.drained().then(gone(client)));
    node.on('error', () => client.resetAndDestroy());
  }

  const server = createServer({ allowHalfOpen: true }, serve);
  const listen = (at: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, '127.0.0.1', resolve);
    });
  const kill = (connection: { client: Socket; node: Socket }) => {
    connection.client.resetAndDestroy();
    connection.node.destroy();
  };
  async function stopListening(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const connection of open) kill(connection);
    await closed;
  }
  await listen(0);
  const ownPort = (server.address() as AddressInfo).port;
  return {
    address: `http://127.0.0.1:${ownPort}`,
    requests,
    set(changed) {
      faults = { ...faults, ...changed };
    },
    heal() {
      faults = { ...noFaults };
      for (const connection of open) if (connection.swallowed) kill(connection);
    },
    resetAll() {
      for (const connection of open) kill(connection);
    },
    down: stopListening,
    up: () => listen(ownPort),
    close: stopListening,
  };
}
