import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lineBatches } from '../dumps/batches.ts';
import type { DumpFolder } from '../dumps/folder.ts';
import { type JobRun, miroirStops } from '../tasks/jobs.ts';
import { type GatherOptions, gather, gathered } from './gather.ts';
import type { ExportInput, ExportState, GatheredIndex } from './state.ts';
import { createTarget, type Target } from './target.ts';

/** What exporting is built from. */
export interface ExportJobOptions extends GatherOptions {
  folder: Pick<DumpFolder, 'workFolder'>;
  /** Milliseconds before a request that failed is sent a second time. */
  firstPauseMs: number;
}

/** Bytes of one payload unless the client asks for smaller ones; larger ones would only take memory. */
const largestPayload = 20 * 1024 * 1024;
const smallestPayload = 4 * 1024;
/** Documents of one payload. */
const payloadLines = 100_000;
/** A document is never longer: nodes would not have taken it. */
const maxLineBytes = 1024 * 1024 * 1024;

const start: ExportState = { position: 0, step: 'new', offset: 0, sent: 0 };

/** One export under way. */
class Export {
  readonly #run: JobRun;
  readonly #input: ExportInput;
  readonly #target: Target;
  readonly #folder: string;

  constructor(run: JobRun, target: Target, folder: string) {
    this.#run = run;
    this.#input = run.input as unknown as ExportInput;
    this.#target = target;
    this.#folder = folder;
  }

  async send(indexes: readonly GatheredIndex[], from: ExportState): Promise<void> {
    let state = from;
    for (; state.position < indexes.length; state = await this.#save({ ...start, position: state.position + 1 })) {
      const index = indexes[state.position];
      if (index !== undefined) await this.#sendIndex(index, state, indexes);
    }
  }

  async #sendIndex(index: GatheredIndex, before: ExportState, indexes: readonly GatheredIndex[]): Promise<void> {
    let state = before;
    if (state.step === 'new') {
      const step = (await this.#target.hasIndex(index.uid)) ? 'change' : 'create';
      state = await this.#save({ ...state, step });
    }
    if (state.step !== 'documents') {
      await this.#sendHead(index, state.step === 'create');
      state = await this.#save({ ...state, step: 'documents' });
    }
    await this.#sendDocuments(index, state, indexes);
  }

  async #sendHead({ uid, primaryKey, settings, rule }: GatheredIndex, fresh: boolean): Promise<void> {
    if (fresh) await this.#target.createIndex(uid, primaryKey);
    else if (rule.overrideSettings) await this.#target.setPrimaryKey(uid, primaryKey);
    if (fresh || rule.overrideSettings) await this.#target.setSettings(uid, settings);
  }

  async #sendDocuments(index: GatheredIndex, before: ExportState, indexes: readonly GatheredIndex[]): Promise<void> {
    const wanted = this.#input.payloadSize ?? largestPayload;
    const bytes = Math.max(smallestPayload, Math.min(wanted, largestPayload));
    const limits = { bytes, lines: payloadLines, maxLineBytes };
    let state = before;
    for await (const { body, lines, end } of lineBatches(join(this.#folder, index.file), before.offset, limits)) {
      await this.#target.addDocuments(index.uid, body);
      state = await this.#save({ ...state, offset: end, sent: state.sent + lines });
      this.#report(indexes, state);
    }
  }

  /** Steps as one Meilisearch shows them. */
  #report(indexes: readonly GatheredIndex[], { position, sent }: ExportState): void {
    const total = indexes[position]?.documents ?? 0;
    this.#run.progress([
      { currentStep: `exporting index \`${indexes[position]?.uid}\``, finished: position, total: indexes.length },
      { currentStep: 'document', finished: sent, total },
    ]);
  }

  async #save(state: ExportState): Promise<ExportState> {
    this.#run.signal.throwIfAborted();
    await this.#run.saveState({ ...state });
    return state;
  }
}

/** Details of an export that has ended well: the indexes by name, with how many documents went. */
function exportedIndexes(indexes: readonly GatheredIndex[]): Record<string, unknown> {
  return Object.fromEntries(
    indexes.map(({ uid, rule, documents }) => [
      uid,
      { filter: rule.filter, overrideSettings: rule.overrideSettings, matched_documents: documents },
    ]),
  );
}

/** Builds the job that sends indexes to another instance. Interrupted, it goes on behind the last payload that was sent. */
export function createExportJob(options: ExportJobOptions): (run: JobRun) => Promise<Record<string, unknown>> {
  return async (run) => {
    const { url, apiKey } = run.input as unknown as ExportInput;
    const folder = options.folder.workFolder(run.taskUid);
    const target = createTarget({ url, apiKey, signal: run.signal, firstPauseMs: options.firstPauseMs });
    try {
      const known = run.state === null ? null : await gathered(folder);
      const indexes = known ?? (await gather(options, run, folder));
      const state = known === null ? start : (run.state as unknown as ExportState);
      await new Export(run, target, folder).send(indexes, state);
      return { indexes: exportedIndexes(indexes) };
    } finally {
      await target.close();
      if (run.signal.reason !== miroirStops) await rm(folder, { recursive: true, force: true });
    }
  };
}
