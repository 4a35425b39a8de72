import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createMeasurements } from '../../../src/workers/measurements.ts';

/** What a worker tells that counted so much, and has so many requests under way. */
async function told(count: number, underWay: number): Promise<object[]> {
  const registers = [new Registry()];
  new Counter({ name: 'requests_total', help: 'r', labelNames: ['status'], registers }).inc({ status: '200' }, count);
  new Gauge({ name: 'under_way', help: 'u', registers }).set(underWay);
  const times = new Histogram({ name: 'seconds', help: 's', buckets: [1, 2], registers });
  for (let i = 0; i < count; i++) times.observe(1.5);
  return registers[0]!.getMetricsAsJSON();
}

it('never goes back when workers are replaced', async () => {
  const measurements = createMeasurements();
  const shown = async () => {
    const text = await AggregatorRegistry.aggregate(await measurements.all()).metrics();
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    return {
      requests: value('requests_total\\{status="200"\\}'),
      times: value('seconds_bucket\\{le="2"\\}'),
      all: value('seconds_count'),
      underWay: value('under_way'),
    };
  };
  measurements.note(1, await told(5, 1));
  measurements.note(2, await told(7, 2));
  expect(await shown()).toEqual({ requests: 12, times: 12, all: 12, underWay: 3 });
  measurements.ended(1);
  expect(await shown()).toEqual({ requests: 12, times: 12, all: 12, underWay: 2 });
  measurements.note(3, await told(1, 0));
  measurements.ended(2);
  measurements.ended(4);
  measurements.note(3, await told(2, 4));
  for (let i = 0; i < 2; i++) expect(await shown()).toEqual({ requests: 14, times: 14, all: 14, underWay: 4 });
});
