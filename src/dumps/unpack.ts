import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { ApiError } from '../errors/api-error.ts';
import { isIndexUid } from '../validation/index-uid.ts';
import { dumpVersion, entryOf } from './format.ts';

/** An unpacked index: where its files are, relative to the folder it was unpacked into. */
export interface UnpackedIndex {
  uid: string;
  primaryKey: string | null;
  settings: string | null;
  documents: string | null;
  /** Lines of the documents file. */
  count: number;
}

/** An unpacked dump. */
export interface Manifest {
  /** In order of uid. */
  indexes: UnpackedIndex[];
  /** Lines of `keys.jsonl`. */
  keys: string | null;
  /** The experimental features that were on. */
  features: string[];
  documents: number;
}

/** A file of the archive while it is read. */
type TarEntry = Readable & { header: Header };

/** How to unpack. */
export interface UnpackOptions {
  file: string;
  folder: string;
  /** Bytes of all files together. */
  maxBytes: number;
  signal: AbortSignal;
}

/** Files other than documents are read whole; none that is real comes near this. */
const largestSmallFile = 32 * 1024 * 1024;
const manifestName = 'manifest.json';

function invalid(problem: string): ApiError {
  return new ApiError('miroir_invalid_dump', `The file is no Meilisearch dump that can be imported: ${problem}.`);
}

async function smallText(entry: Readable, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestSmallFile) throw invalid(`\`${path}\` is larger than ${largestSmallFile} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readObject(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // reported below, like every other content that is no object
  }
  throw invalid(`\`${path}\` holds no JSON object`);
}

function checkVersion(text: string): void {
  const version = readObject(text, 'metadata.json').dumpVersion;
  if (version === dumpVersion) return;
  throw invalid(
    `its version is \`${String(version)}\`, only \`${dumpVersion}\` is read; start a Meilisearch 1.21 with \`--import-dump\` on it and make a new dump there`,
  );
}

/** Counts lines and bytes that pass. */
function lineCounter(): { stream: Transform; lines(): number } {
  let lines = 0;
  let last = 0x0a;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) lines++;
      last = chunk[chunk.length - 1] ?? last;
      done(null, chunk);
    },
  });
  return { stream, lines: () => lines + (last === 0x0a ? 0 : 1) };
}

class Unpacking {
  readonly #options: UnpackOptions;
  readonly #indexes = new Map<string, UnpackedIndex & { described: boolean }>();
  #keys: string | null = null;
  #features: string[] = [];
  #versionSeen = false;
  #bytes = 0;

  constructor(options: UnpackOptions) {
    this.#options = options;
  }

  async take(entry: TarEntry): Promise<void> {
    const { name, type, size = 0 } = entry.header;
    const what = type === 'file' ? entryOf(name) : null;
    if (what === null) {
      entry.resume();
      return;
    }
    this.#bytes += size;
    if (this.#bytes > this.#options.maxBytes) {
      throw invalid(`unpacked it is larger than ${this.#options.maxBytes} bytes (\`dumps.max_import_bytes\`)`);
    }
    if (what.kind === 'metadata') {
      checkVersion(await smallText(entry, name));
      this.#versionSeen = true;
    } else if (what.kind === 'features') {
      const features = Object.entries(readObject(await smallText(entry, name), name));
      this.#features = features.filter(([, on]) => on === true).map(([feature]) => feature);
    } else if (what.kind === 'keys') {
      this.#keys = 'keys.jsonl';
      await writeFile(join(this.#options.folder, this.#keys), await smallText(entry, name));
    } else {
      await this.#takeOfIndex(entry, what.kind, what.index);
    }
  }

  async #takeOfIndex(entry: TarEntry, kind: string, name: string): Promise<void> {
    const path = entry.header.name;
    const index = this.#index(name);
    const number = [...this.#indexes.keys()].indexOf(name);
    if (kind === 'indexMetadata') {
      const { uid, primaryKey = null } = readObject(await smallText(entry, path), path);
      if (typeof uid !== 'string' || !isIndexUid(uid)) throw invalid(`\`${path}\` names no valid index uid`);
      if (primaryKey !== null && typeof primaryKey !== 'string') throw invalid(`\`${path}\` has a wrong primary key`);
      Object.assign(index, { uid, primaryKey, described: true });
    } else if (kind === 'indexSettings') {
      index.settings = `${number}.settings.json`;
      await writeFile(join(this.#options.folder, index.settings), await smallText(entry, path));
    } else {
      index.documents = `${number}.documents.jsonl`;
      const counter = lineCounter();
      const target = createWriteStream(join(this.#options.folder, index.documents), { flush: true });
      await pipeline(entry, counter.stream, target);
      index.count = counter.lines();
    }
  }

  #index(name: string): UnpackedIndex {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const index = { uid: name, primaryKey: null, settings: null, documents: null, count: 0, described: false };
    this.#indexes.set(name, index);
    return index;
  }

  manifest(): Manifest {
    if (!this.#versionSeen) throw invalid('`metadata.json` is missing');
    const indexes = [...this.#indexes.values()].map(({ described, ...index }) => {
      if (!described) throw invalid(`\`indexes/${index.uid}/metadata.json\` is missing`);
      return index;
    });
    indexes.sort((a, b) => (a.uid < b.uid ? -1 : 1));
    return {
      indexes,
      keys: this.#keys,
      features: this.#features,
      documents: indexes.reduce((sum, index) => sum + index.count, 0),
    };
  }
}

/**
 * Unpack what an import needs of a dump into a folder, which is emptied first; the entries may come in any order. The
 * manifest is written last, so that a folder with a manifest is complete. Throws `miroir_invalid_dump`.
 */
export async function unpack(options: UnpackOptions): Promise<Manifest> {
  const { file, folder, signal } = options;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const archive = extract();
  const unpacking = new Unpacking(options);
  const read = pipeline(createReadStream(file), createGunzip(), archive, { signal }).catch((error: unknown) => {
    if (signal.aborted || error instanceof ApiError) throw error;
    throw invalid(`it cannot be unpacked (${(error as Error).message})`);
  });
  const taken = (async () => {
    for await (const entry of archive) await unpacking.take(entry as unknown as TarEntry);
  })();
  // The reason why taking stopped is told before the broken pipe that follows from it.
  const [takenResult, readResult] = await Promise.allSettled([taken, read]);
  if (takenResult.status === 'rejected' && takenResult.reason instanceof ApiError) throw takenResult.reason;
  if (readResult.status === 'rejected') throw readResult.reason;
  if (takenResult.status === 'rejected') throw takenResult.reason;
  const manifest = unpacking.manifest();
  const draft = join(folder, `${manifestName}.new`);
  await writeFile(draft, JSON.stringify(manifest), { flush: true });
  await rename(draft, join(folder, manifestName));
  return manifest;
}

/** The manifest of a folder that was unpacked before; null when that was not completed. */
export async function unpacked(folder: string): Promise<Manifest | null> {
  const text = await readFile(join(folder, manifestName), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as Manifest);
}
