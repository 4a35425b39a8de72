import { rawFields } from '../json/scan.ts';
import { badEmbedding, vectorsCrash } from './check-vectors.ts';
import type { ContentFailure, StoredDocument } from './checks.ts';
import { embeddingHints } from './embedding-hints.ts';
import { type EmbeddingValue, readEmbeddings, readEmbeddingsField } from './embedding-values.ts';
import type { Work } from './turns.ts';

/** An embedder of an index, as far as documents are judged by it. */
export interface DocumentEmbedder {
  name: string;
  /** It makes no vectors itself: every new document has to bring its own or opt out. */
  userProvided: boolean;
  /** null while unknown, then any number will do. */
  dimensions: number | null;
}

/** What the index holds of the documents that a batch brings without vectors. */
export interface StoredVectors {
  has(id: string): boolean;
  /** Whether the document's vectors of this embedder are to be made anew when it changes. */
  regenerates(id: string, embedder: string): boolean;
}

/** Documents that Meilisearch embeds in one go: the first group with a fault gives the error. */
const groupSize = 100;

/** What a document brings for one embedder. */
interface Entry {
  value: EmbeddingValue | null;
  /** It brings none and asks the embedder for them. */
  regenerate: boolean;
}

function readEntry(name: string, text: string, odd: boolean): Entry {
  const path = `._vectors.${name}`;
  if (text === 'null') return { value: null, regenerate: false };
  if (text.startsWith('[')) return { value: readEmbeddings(path, text, odd), regenerate: false };
  const fields = rawFields(text);
  const value = readEmbeddingsField(`${path}.embeddings`, fields.get('embeddings') ?? 'null', odd);
  return { value, regenerate: value === null && fields.get('regenerate') === 'true' };
}

function valueFailure(
  id: string,
  { name, dimensions }: DocumentEmbedder,
  value: EmbeddingValue,
): ContentFailure | null {
  if (value.kind === 'crash') return vectorsCrash;
  if (value.kind === 'fault') return badEmbedding(id, value.text);
  const at = dimensions === null ? -1 : value.lengths.findIndex((length) => length !== dimensions);
  if (at === -1) return null;
  return {
    code: 'invalid_vector_dimensions',
    message: `Invalid vector dimensions in document with id \`${id}\` in \`._vectors.${name}\`.\n  - note: embedding #${at} has dimensions ${value.lengths[at]}\n  - note: embedder \`${name}\` requires ${dimensions}`,
  };
}

/** Judges a batch, group by group. */
class Judge {
  /** Ids of documents whose fate depends on what the index holds. */
  readonly doubtful = new Set<string>();
  readonly #documents: readonly StoredDocument[];
  readonly #embedders: readonly DocumentEmbedder[];
  readonly #stored: StoredVectors | null;

  constructor(
    documents: readonly StoredDocument[],
    embedders: readonly DocumentEmbedder[],
    stored: StoredVectors | null,
  ) {
    this.#documents = documents;
    this.#embedders = [...embedders].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#stored = stored;
  }

  /** A stored copy always changes with a write (its version does), so vectors that follow the document are made anew. */
  #lacks(id: string, name: string, entry: Entry | null): boolean {
    if (entry !== null) return entry.regenerate;
    this.doubtful.add(id);
    return this.#stored !== null && (!this.#stored.has(id) || this.#stored.regenerates(id, name));
  }

  /** The failure of the group of documents that starts at `start`. */
  group(start: number): ContentFailure | null {
    const documents = this.#documents.slice(start, start + groupSize);
    const lacking = new Map<DocumentEmbedder, string[]>();
    for (const { id, fields, odd } of documents) {
      const text = fields.get('_vectors');
      const vectors = text === undefined ? null : rawFields(text);
      for (const embedder of this.#embedders) {
        const own = vectors?.get(embedder.name);
        const entry = own === undefined ? null : readEntry(embedder.name, own, odd);
        const failure = entry === null || entry.value === null ? null : valueFailure(id, embedder, entry.value);
        if (failure !== null) return failure;
        if (!embedder.userProvided || !this.#lacks(id, embedder.name, entry)) continue;
        lacking.set(embedder, [...(lacking.get(embedder) ?? []), id]);
      }
    }
    for (const embedder of this.#embedders) {
      const ids = lacking.get(embedder);
      if (ids !== undefined) return this.#missing(embedder.name, ids, documents);
    }
    return null;
  }

  #missing(name: string, ids: readonly string[], documents: readonly StoredDocument[]): ContentFailure {
    const others = ids.length > 1 ? ` and at least ${ids.length - 1} other document(s)` : '';
    const embedders = new Set(this.#embedders.map((embedder) => embedder.name));
    const hints = embeddingHints(name, embedders, { group: documents, batch: this.#documents });
    return {
      code: 'vector_embedding_error',
      message: `While embedding documents for embedder \`${name}\`: no vectors provided for document \`${ids[0]}\`${others}\n- Note: \`${name}\` has \`source: userProvided\`, so documents must provide embeddings as an array in \`_vectors.${name}\`.${hints}`,
    };
  }
}

/**
 * Whether the index's embedders could work with the documents, given as they will be stored and in their order: the types
 * and sizes of embeddings, and that none lacks vectors which its embedder cannot make. `stored` null: not asked yet, then
 * documents without vectors pass, and `doubtful` names those that have to be asked for.
 */
export function* checkEmbeddings(
  documents: readonly StoredDocument[],
  embedders: readonly DocumentEmbedder[],
  stored: StoredVectors | null,
): Work<{ failure: ContentFailure | null; doubtful: ReadonlySet<string> }> {
  const judge = new Judge(documents, embedders, stored);
  let failure: ContentFailure | null = null;
  if (embedders.length > 0) {
    for (let start = 0; start < documents.length && failure === null; start += groupSize) {
      failure = judge.group(start);
      yield;
    }
  }
  return { failure, doubtful: judge.doubtful };
}
