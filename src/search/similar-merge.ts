/**
 * One list of similar documents out of what the document's own shard and the searches of the others found.
 *
 * Meilisearch compares the first embedding of a document with the first of the other, the second with the second and so
 * on, and the best pair counts. A search compares a vector with all embeddings of a document. Where either document has
 * several, the pairs are therefore compared here.
 */
import { type ByteText, textOf } from '../json/byte-text.ts';
import type { Visibility } from './attributes.ts';
import type { NodeSearchAnswer } from './merge/answer.ts';
import { type HitView, type NodeHit, renderHit } from './merge/hit.ts';
import { hitSource, type RankedHit } from './merge/ranked-hit.ts';
import type { SimilarQuery } from './query.ts';

/** What the client wants to see. */
export interface SimilarView {
  query: SimilarQuery;
  visible: Visibility;
  /** Fields fetched for merging. */
  extras: readonly string[];
  showVectors: boolean;
  primaryKey: string | null;
  maxTotalHits: number;
}

/** Answers of the nodes. */
export interface SimilarAnswers {
  /** Of the document's own shard. */
  home: readonly NodeSearchAnswer[];
  /** Of the other shards: one list of answers for each of the document's vectors. */
  others: readonly (readonly NodeSearchAnswer[])[];
  /** The document's vectors when embeddings are to be compared in pairs. */
  vectors: readonly (readonly number[])[];
}

interface Candidate {
  ranked: RankedHit;
  similarity: number;
}

const vectorsField = '_vectors';

function similarityOf({ ranking }: RankedHit): number | null {
  const rule = ranking.find(({ name }) => name === 'vectorSort');
  return rule?.details.similarity ?? null;
}

function allHits(answer: NodeSearchAnswer, view: HitView, primaryKey: string | null): RankedHit[] {
  const source = hitSource(answer, { view, primaryKey });
  const hits: RankedHit[] = [];
  for (let hit = source.next(); hit !== null; hit = source.next()) hits.push(hit);
  return hits;
}

/** The hit's own embeddings, when they were fetched. */
function embeddingsOf({ text, fields }: NodeHit, embedder: string): number[][] {
  const member = fields.find(({ key }) => key === vectorsField);
  if (member === undefined) return [];
  const vectors = JSON.parse(textOf(text.slice(member.valueStart, member.valueEnd))) as Record<
    string,
    { embeddings?: number[][] }
  >;
  return vectors[embedder]?.embeddings ?? [];
}

/** Similarity of two vectors as Meilisearch gives it, from 0 (opposite) to 1, in single precision. */
export function cosineSimilarity(a: readonly number[], b: readonly number[]): number {
  let dot = 0;
  let lengths = [0, 0] as [number, number];
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0;
    dot += x * y;
    lengths = [lengths[0] + x * x, lengths[1] + y * y];
  }
  const norm = Math.sqrt(lengths[0]) * Math.sqrt(lengths[1]);
  return Math.fround(norm === 0 ? 1 : (1 + dot / norm) / 2);
}

/** The best of the similarities of embeddings in the same position. */
function pairSimilarity(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number | null {
  const pairs = a.slice(0, b.length).map((vector, i) => cosineSimilarity(vector, b[i] ?? []));
  return pairs.length === 0 ? null : Math.max(...pairs);
}

/** Similarity of a hit of another shard, which `round` of the searches found. */
function trueSimilarity(ranked: RankedHit, round: number, vectors: SimilarAnswers['vectors'], embedder: string) {
  const found = similarityOf(ranked);
  if (found === null || vectors.length === 0) return found;
  const embeddings = embeddingsOf(ranked.hit, embedder);
  const single = round === 0 && embeddings.length === 1;
  return single || embeddings.length === 0 ? found : pairSimilarity(vectors, embeddings);
}

const compareTexts = (a: string, b: string) => (a < b ? -1 : Number(a > b));

function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    b.similarity - a.similarity ||
    compareTexts(a.ranked.version, b.ranked.version) ||
    compareTexts(a.ranked.id, b.ranked.id)
  );
}

function candidates({ home, others, vectors }: SimilarAnswers, view: SimilarView, hits: HitView): Candidate[] {
  const best = new Map<string, Candidate>();
  const take = (ranked: RankedHit, similarity: number | null) => {
    if (similarity === null) return;
    const known = best.get(ranked.id);
    if (known === undefined || known.similarity < similarity) best.set(ranked.id, { ranked, similarity });
  };
  for (const answer of home) {
    for (const ranked of allHits(answer, hits, view.primaryKey)) take(ranked, similarityOf(ranked));
  }
  for (const [round, list] of others.entries()) {
    for (const answer of list) {
      for (const ranked of allHits(answer, hits, view.primaryKey)) {
        take(ranked, trueSimilarity(ranked, round, vectors, view.query.embedder));
      }
    }
  }
  return [...best.values()].sort(compareCandidates);
}

/** A number as Rust writes a float: always with a point. */
const printFloat = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : JSON.stringify(value));

function render({ ranked, similarity }: Candidate, view: SimilarView, hits: HitView): ByteText {
  const { hit } = ranked;
  const fields = view.showVectors ? hit.fields : hit.fields.filter(({ key }) => key !== vectorsField);
  const text = renderHit({ text: hit.text, fields, added: hit.added }, hits);
  const shown = printFloat(similarity);
  const added = [
    ...(view.query.showRankingScore ? [`"_rankingScore":${shown}`] : []),
    ...(view.query.showRankingScoreDetails
      ? [`"_rankingScoreDetails":{"vectorSort":{"order":0,"similarity":${shown}}}`]
      : []),
  ];
  const parts = [text.slice(1, -1), ...added].filter((part) => part !== '');
  return `{${parts.join(',')}}` as ByteText;
}

/**
 * The page of similar documents as JSON, and how many there are. A threshold ends the list at the first document
 * of the page below it; the documents before it are then all there are.
 */
export function mergeSimilar(found: SimilarAnswers, view: SimilarView): { hits: ByteText[]; total: number } {
  const { offset, limit, rankingScoreThreshold } = view.query;
  const hits: HitView = {
    visible: view.visible,
    extras: view.extras,
    formatted: false,
    matchesPosition: false,
    rankingScore: false,
    rankingScoreDetails: false,
  };
  const list = candidates(found, view, hits);
  const sum = [...found.home, ...(found.others[0] ?? [])].reduce((total, answer) => total + answer.total, 0);
  const threshold = rankingScoreThreshold ?? Number.NEGATIVE_INFINITY;
  const page = list.slice(offset, offset + limit);
  const end = page.findIndex(({ similarity }) => similarity < threshold);
  const shown = end === -1 ? page : page.slice(0, end);
  const total = end === -1 ? sum : Math.min(offset, list.length) + end;
  return {
    hits: shown.map((candidate) => render(candidate, view, hits)),
    total: Math.min(total, view.maxTotalHits),
  };
}
