import { expect, test } from 'vitest';
import { defaultSettings } from '../../../src/indexes/settings/defaults.ts';
import { createSettingsCommit } from '../../../src/indexes/settings/service.ts';
import type { NodeClient } from '../../../src/nodes/client.ts';
import { createLogger } from '../../../src/observability/log.ts';
import type { ClusterView } from '../../../src/placement/view.ts';
import type { IndexRecord } from '../../../src/store/records.ts';

/** What two nodes report, and what becomes of the change of the stop words that both have done. */
function commitOf(reports: readonly Record<string, unknown>[]) {
  const nodes = reports.map((_, at) => `node-${at}`);
  const view = {
    groups: () => [0],
    nodes: () => nodes,
    up: () => true,
    inSync: () => true,
  } as unknown as ClusterView;
  const clients = {
    get: (nodeId: string) =>
      ({
        request: async () => ({
          status: 200,
          text: JSON.stringify({ ...defaultSettings(), ...reports[nodes.indexOf(nodeId)] }),
        }),
      }) as unknown as NodeClient,
  };
  return createSettingsCommit({
    catalog: { shadowOf: () => null },
    view,
    clients,
    timeoutMs: 1000,
    log: createLogger('silent'),
  });
}

const index = { uid: 'films', physicalUid: 'films', shards: 2, settings: null, settingsVersion: 0 } as IndexRecord;
const patch = { stopWords: ['the'] };
const done = { stopWords: ['the'] };
const ahead = { stopWords: ['the'], sortableAttributes: ['year'] };

async function committed(result: ReturnType<ReturnType<typeof commitOf>['commit']>) {
  const ended = await result;
  return 'error' in ended ? ended.error.code : (JSON.parse(ended.record.settings ?? '{}') as Record<string, unknown>);
}

test('nodes that report different settings fail the change', async () => {
  expect(await committed(commitOf([done, ahead]).commit(index, patch, []))).toBe('miroir_settings_diverged');
});

test.each([
  { name: 'the first', reports: [ahead, done] },
  { name: 'the second', reports: [done, ahead] },
  { name: 'each', reports: [ahead, ahead] },
])('a later change that $name node has done already is left to its own task', async ({ reports }) => {
  const later = [{ sortableAttributes: ['year'] }];
  const settings = await committed(commitOf(reports).commit(index, patch, later));
  expect(settings).toMatchObject({ stopWords: ['the'], sortableAttributes: [] });
});

test('a difference beside the later changes still fails the change', async () => {
  const odd = { ...done, rankingRules: ['words'] };
  const later = [{ sortableAttributes: ['year'] }];
  expect(await committed(commitOf([odd, ahead]).commit(index, patch, later))).toBe('miroir_settings_diverged');
});

test('going back leaves what later changes set', () => {
  const [part] = commitOf([done]).restore(index, patch, [{ sortableAttributes: ['year'] }]);
  const body = JSON.parse(String(part?.request.body)) as Record<string, unknown>;
  expect(body).toMatchObject({ stopWords: [] });
  expect(body).not.toHaveProperty('sortableAttributes');
});
