import type { ExportService } from '../http/services.ts';
import { maskSecret } from '../indexes/settings/secrets.ts';
import { type Acceptance, settledPlan } from '../tasks/acceptance.ts';
import { jobQueue } from '../tasks/active.ts';
import type { Job } from '../tasks/effect.ts';
import { type ExportInput, type ExportRule, sizeText } from './state.ts';

/** The queue in which exports run, one after the other. */
export const exportQueue = 'exports';
/** Kind of job. */
export const exportKind = 'export';

const everything: [string, ExportRule][] = [['*', { filter: null, overrideSettings: false }]];

function details({ url, apiKey, payloadSize, indexes }: ExportInput): Record<string, unknown> {
  return {
    url,
    ...(apiKey === null ? {} : { apiKey: maskSecret(apiKey) }),
    ...(payloadSize === null ? {} : { payloadSize: sizeText(payloadSize) }),
    indexes,
  };
}

/** The route of exports: each request becomes one task, whose job does the work. */
export function createExportService(acceptance: Pick<Acceptance, 'accept'>): ExportService {
  return {
    create({ indexes, ...rest }) {
      const sorted = [...(indexes ?? everything)].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const input: ExportInput = { ...rest, indexes: Object.fromEntries(sorted) };
      const job: Job = { kind: exportKind, queue: exportQueue, input: { ...input } };
      return acceptance.accept(jobQueue(exportQueue), async () =>
        settledPlan({ type: 'export', indexUid: null, details: details(input), verdict: null, effect: { job } }),
      );
    },
  };
}
