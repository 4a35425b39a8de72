import { afterEach, describe, expect, it } from 'vitest';
import { metricDefinitions } from '../../../src/observability/definitions.ts';
import { createLogger } from '../../../src/observability/log.ts';
import { createMetrics, recordNodeOutcome } from '../../../src/observability/metrics.ts';
import { type MetricsServer, startMetricsServer } from '../../../src/observability/metrics-server.ts';

const log = createLogger('silent');

describe('metrics', () => {
  it('exposes exactly the metrics that are defined, two sets side by side', async () => {
    const [first, second] = [createMetrics({ processMetrics: false }), createMetrics({ processMetrics: false })];
    first.staleCopies.set(4);
    const names = [...(await second.text()).matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    expect(names.sort()).toEqual(Object.keys(metricDefinitions).sort());
    expect(await first.text()).toContain('miroir_stale_copies 4');
    expect(await second.text()).toContain('miroir_stale_copies 0');
  });

  it('adds metrics of the process when asked', async () => {
    expect(await createMetrics().text()).toContain('process_resident_memory_bytes');
  });

  it('refreshes gauges before each scrape', async () => {
    const metrics = createMetrics({ processMetrics: false });
    let copies = 0;
    metrics.beforeScrape(async () => {
      copies += 1;
      metrics.staleCopies.set(copies);
    });
    await metrics.text();
    expect(await metrics.text()).toContain('miroir_stale_copies 2');
  });

  it('counts answers, server errors and failures per node, and forgets a node that left', async () => {
    const metrics = createMetrics({ processMetrics: false });
    recordNodeOutcome(metrics, { nodeId: 'a', durationMs: 3, status: 200 });
    recordNodeOutcome(metrics, { nodeId: 'a', durationMs: 3, status: 404 });
    recordNodeOutcome(metrics, { nodeId: 'a', durationMs: 3, status: 503 });
    recordNodeOutcome(metrics, { nodeId: 'a', durationMs: 3, error: { kind: 'timeout' } });
    recordNodeOutcome(metrics, { nodeId: 'b', durationMs: 3, status: 200 });
    const text = await metrics.text();
    expect(text).toContain('miroir_node_request_duration_seconds_count{node="a"} 3');
    expect(text).toContain('miroir_node_errors_total{node="a",kind="status"} 1');
    expect(text).toContain('miroir_node_errors_total{node="a",kind="timeout"} 1');
    metrics.forgetNode('a');
    const after = await metrics.text();
    expect(after).not.toContain('node="a"');
    expect(after).toContain('node="b"');
  });
});

describe('the metrics port', () => {
  let server: MetricsServer | undefined;
  afterEach(() => server?.stop());

  it('serves the text, and nothing else', async () => {
    const metrics = createMetrics({ processMetrics: false });
    server = await startMetricsServer({ host: '127.0.0.1', port: 0, metrics, log });
    const response = await fetch(server.url);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect(await response.text()).toContain('miroir_requests_in_flight 0');
    expect((await fetch(new URL('/', server.url))).status).toBe(404);
  });

  it('answers 500 when a gauge cannot be read', async () => {
    const metrics = createMetrics({ processMetrics: false });
    metrics.beforeScrape(() => Promise.reject(new Error('store closed')));
    server = await startMetricsServer({ host: '127.0.0.1', port: 0, metrics, log });
    expect((await fetch(server.url)).status).toBe(500);
  });

  it('rejects when the port is taken', async () => {
    const metrics = createMetrics({ processMetrics: false });
    server = await startMetricsServer({ host: '127.0.0.1', port: 0, metrics, log });
    const port = Number(new URL(server.url).port);
    await expect(startMetricsServer({ host: '127.0.0.1', port, metrics, log })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
