import { createServer, type Server } from 'node:http';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

/** The port that Prometheus scrapes. */
export interface MetricsServer {
  /** For example `http://127.0.0.1:9090/metrics`. */
  readonly url: string;
  stop(): Promise<void>;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`;
}

/** Serves `GET /metrics` and nothing else. Rejects with the system's error (`EADDRINUSE`, ...) when it cannot listen. */
export async function startMetricsServer(options: {
  host: string;
  port: number;
  metrics: Metrics;
  log: Logger;
}): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at GET /metrics\n');
      return;
    }
    options.metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': options.metrics.contentType }).end(text),
      (error: unknown) => {
        options.log.error({ err: error }, 'metrics could not be collected');
        response.writeHead(500, { 'content-type': 'text/plain' }).end('metrics could not be collected\n');
      },
    );
  });
  await listen(server, options.host, options.port);
  return {
    url: urlOf(server, options.host),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
