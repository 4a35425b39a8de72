import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from '../errors/api-error.ts';
import type { DocumentWriteService, IndexService, SettingsService } from '../http/services.ts';
import type { Catalog } from '../indexes/catalog.ts';
import { hiddenDefaults } from '../indexes/settings/defaults.ts';
import type { SettingFeatures } from '../indexes/settings/features.ts';
import { canonicalJson, type Json } from '../indexes/settings/order.ts';
import { parseSettings } from '../indexes/settings/parse.ts';
import type { Caller } from '../keys/caller.ts';
import type { KeyRecord } from '../store/records.ts';
import { type JobRun, miroirStops } from '../tasks/jobs.ts';
import { type BatchLimits, lineBatches } from './batches.ts';
import { type DumpFolder, shownName } from './folder.ts';
import { type ImportInput, type ImportState, importDetails, initialDetails } from './import-state.ts';
import { readKeyLine } from './key-lines.ts';
import type { TaskWatch } from './task-watch.ts';
import { type Manifest, type UnpackedIndex, unpack, unpacked } from './unpack.ts';

/** Experimental features, as importing needs them. */
export interface ImportFeatures {
  get(): string;
  current(): SettingFeatures;
  update(change: Record<string, boolean>): Promise<unknown>;
}

/** What importing dumps is built from: the same services that clients' requests go through. */
export interface ImportDumpOptions {
  catalog: Pick<Catalog, 'accepted'>;
  folder: DumpFolder;
  indexes: Pick<IndexService, 'create' | 'delete'>;
  settings: Pick<SettingsService, 'update'>;
  documents: Pick<DocumentWriteService, 'add'>;
  features: ImportFeatures;
  /** Adds a key unless its uid is known; tells whether it did. */
  restoreKey(key: KeyRecord): Promise<boolean>;
  tasks: TaskWatch;
  batch: BatchLimits;
  /** Tasks under way at the nodes before the next batch is sent. */
  maxPending: number;
  /** Bytes of an unpacked dump. */
  maxBytes: number;
}

/** Whoever imports may do everything: the route asked for the admin key. */
const operator: Caller = { allowsIndex: () => true, indexPatterns: null, may: () => true, tenantFilter: () => null };

/** Settings as a client would send them: those behind experimental features only where they say something. */
export function settingsToSend(text: string, features: SettingFeatures): Json {
  const settings = JSON.parse(text) as Json;
  for (const [name, value] of Object.entries(hiddenDefaults())) {
    if (canonicalJson(settings[name] ?? null) === canonicalJson(value)) delete settings[name];
  }
  return parseSettings(settings, JSON.stringify(settings), features);
}

/** One import under way. */
class Import {
  readonly #options: ImportDumpOptions;
  readonly #run: JobRun;
  readonly #input: ImportInput;
  readonly #name: string;
  readonly #work: string;

  constructor(options: ImportDumpOptions, run: JobRun, input: ImportInput) {
    this.#options = options;
    this.#run = run;
    this.#input = input;
    this.#name = shownName(input.file);
    this.#work = options.folder.workFolder(run.taskUid);
  }

  async perform(): Promise<Record<string, unknown>> {
    const known = this.#run.state as ImportState | null;
    const manifest = (known === null ? null : await unpacked(this.#work)) ?? (await this.#unpack());
    let state = known ?? (await this.#begin(manifest));
    while (state.position < state.indexes.length) {
      const uid = state.indexes[state.position] ?? '';
      const index = manifest.indexes.find((candidate) => candidate.uid === uid);
      if (index !== undefined) state = await this.#importIndex(index, state);
      state = await this.#save({ ...state, position: state.position + 1, step: 'new', offset: 0 });
    }
    state = await this.#settle(state, 0);
    return { ...importDetails(this.#name, 'done', state) };
  }

  async #unpack(): Promise<Manifest> {
    const { folder, maxBytes } = this.#options;
    await folder.create();
    // Nothing but the start is to be told yet, so the state stays as it was: absent, or that of a work folder now lost.
    if (this.#run.state === null) await this.#run.show({ ...initialDetails(this.#name), phase: 'unpacking' });
    return unpack({ file: this.#input.file, folder: this.#work, maxBytes, signal: this.#run.signal });
  }

  /** Nothing has been changed before this; the names in the way are found before anything is. */
  async #begin(manifest: Manifest): Promise<ImportState> {
    const taken = manifest.indexes.map(({ uid }) => uid).filter((uid) => this.#options.catalog.accepted(uid) !== null);
    if (taken.length > 0 && this.#input.onConflict === 'fail') {
      const some = taken.slice(0, 10).map((uid) => `\`${uid}\``);
      throw new ApiError(
        'index_already_exists',
        `The dump holds indexes that exist already: ${some.join(', ')}${taken.length > 10 ? ', ...' : ''}. Nothing was imported. Delete them, or import with \`onConflict=skip\` or \`onConflict=replace\`.`,
      );
    }
    const skipped = new Set(this.#input.onConflict === 'skip' ? taken : []);
    const wanted = manifest.indexes.filter(({ uid }) => !skipped.has(uid));
    await this.#switchOn(manifest.features);
    return this.#save({
      indexes: wanted.map(({ uid }) => uid),
      position: 0,
      step: 'new',
      offset: 0,
      importedDocuments: 0,
      totalDocuments: wanted.reduce((sum, { count }) => sum + count, 0),
      importedKeys: await this.#restoreKeys(manifest),
      pending: [],
    });
  }

  /** Switch on the features that were on and that Miroir has too; settings may need them. */
  async #switchOn(names: readonly string[]): Promise<void> {
    const { features } = this.#options;
    const known = JSON.parse(features.get()) as Record<string, boolean>;
    for (const name of names) {
      if (known[name] !== false) continue;
      try {
        await features.update({ [name]: true });
      } catch (error) {
        // One that Miroir does not have; whatever depends on it will say so itself.
        if (!(error instanceof ApiError && error.code === 'miroir_not_supported')) throw error;
      }
    }
  }

  /** Keys keep their uids, so their values are the same under the same master key; oldest first, as they were made. */
  async #restoreKeys({ keys }: Manifest): Promise<number> {
    if (keys === null) return 0;
    const lines = (await readFile(join(this.#work, keys), 'utf8')).split('\n').filter((line) => line.trim() !== '');
    const records = lines.map((line) => {
      const record = readKeyLine(line);
      if (record === null)
        throw new ApiError('miroir_invalid_dump', 'A line of `keys.jsonl` of the dump is no API key.');
      return record;
    });
    records.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
    let added = 0;
    for (const record of records) if (await this.#options.restoreKey(record)) added++;
    return added;
  }

  async #importIndex(index: UnpackedIndex, before: ImportState): Promise<ImportState> {
    const { catalog, indexes } = this.#options;
    let state = before;
    if (state.step === 'new') {
      if (catalog.accepted(index.uid) !== null && this.#input.onConflict === 'replace') {
        await this.#sendAndWait(() => indexes.delete(index.uid));
      }
      state = await this.#save({ ...state, step: 'creating' });
    }
    if (state.step === 'creating') {
      // After a restart the index may be there already, created by the process before.
      if (before.step === 'new' || catalog.accepted(index.uid) === null) {
        await this.#sendAndWait(() => indexes.create(index.uid, index.primaryKey, null));
      }
      state = await this.#save({ ...state, step: 'settings' });
    }
    if (state.step === 'settings') {
      await this.#importSettings(index);
      state = await this.#save({ ...state, step: 'documents', offset: 0 });
    }
    return this.#importDocuments(index, state);
  }

  async #importSettings(index: UnpackedIndex): Promise<void> {
    if (index.settings === null) return;
    const text = await readFile(join(this.#work, index.settings), 'utf8');
    const patch = settingsToSend(text, this.#options.features.current());
    await this.#sendAndWait(() => this.#options.settings.update(index.uid, patch, operator));
  }

  async #importDocuments(index: UnpackedIndex, before: ImportState): Promise<ImportState> {
    const { documents, batch, maxPending } = this.#options;
    if (index.documents === null) return before;
    let state = before;
    for await (const { body, lines, end } of lineBatches(join(this.#work, index.documents), state.offset, batch)) {
      state = await this.#settle(state, maxPending - 1);
      const payload = { format: 'ndjson', body, csvDelimiter: null } as const;
      const uid = await this.#send(() => documents.add(index.uid, 'replace', payload, index.primaryKey, operator));
      state = await this.#save({
        ...state,
        offset: end,
        importedDocuments: state.importedDocuments + lines,
        pending: [...state.pending, uid],
      });
    }
    return state;
  }

  /** Wait, oldest first, until no more than `left` tasks are under way. */
  async #settle(state: ImportState, left: number): Promise<ImportState> {
    const pending = [...state.pending];
    while (pending.length > left) await this.#options.tasks.ended(pending.shift() ?? -1, this.#run.signal);
    return { ...state, pending };
  }

  #send(write: Parameters<TaskWatch['send']>[0]): Promise<number> {
    return this.#options.tasks.send(write, this.#run.signal);
  }

  async #sendAndWait(write: Parameters<TaskWatch['send']>[0]): Promise<void> {
    await this.#options.tasks.ended(await this.#send(write), this.#run.signal);
  }

  async #save(state: ImportState): Promise<ImportState> {
    this.#run.signal.throwIfAborted();
    await this.#run.save({ ...state }, { ...importDetails(this.#name, 'importing', state) });
    return state;
  }
}

/** Builds the job that imports a dump. An import that was interrupted goes on from its last stored state. */
export function createImportJob(options: ImportDumpOptions): (run: JobRun) => Promise<Record<string, unknown>> {
  return async (run) => {
    const input = run.input as unknown as ImportInput;
    try {
      return await new Import(options, run, input).perform();
    } finally {
      if (run.signal.reason !== miroirStops) {
        await rm(options.folder.workFolder(run.taskUid), { recursive: true, force: true });
        if (input.uploaded) await rm(input.file, { force: true });
      }
    }
  };
}
