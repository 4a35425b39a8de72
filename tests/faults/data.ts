import type { Doc, WriteOp } from '../invariants/history.ts';
import type { RawRequest } from '../support/http.ts';
import { createRng, type Rng } from '../support/rng.ts';
import { createVocabulary, sentence } from '../support/vocabulary.ts';

/** The index that the workload uses. */
export const indexUid = 'lab';
const path = `/indexes/${indexUid}/documents`;

/** Documents that nobody touches: every complete answer about them is known beforehand. */
export const baseCount = 300;
/** Ids that are written, updated and deleted all the time, by everybody. */
const liveCount = 160;
const batches = 25;
const categories = ['amber', 'birch', 'coral', 'delta'];
const vocabulary = createVocabulary(createRng(11), 400);

export const liveIds: readonly string[] = Array.from({ length: liveCount }, (_, i) => `live-${i}`);

/** Settings of the index, as a client sends them. */
export const settings = {
  filterableAttributes: ['owner', 'batch', 'category', 'n'],
  sortableAttributes: ['n'],
  searchableAttributes: ['text', 'category'],
};

function document(rng: Rng, id: string, owner: string, n: number): Doc {
  return {
    id,
    owner,
    n,
    batch: rng.int(batches),
    category: rng.pick(categories),
    text: sentence(rng, vocabulary, rng.between(6, 14)),
  };
}

/** The untouched documents. */
export function baseDocuments(seed: number): Doc[] {
  const rng = createRng(seed);
  return Array.from({ length: baseCount }, (_, i) => document(rng, `base-${i}`, 'base', i));
}

/** A word to search for, frequent ones more often. */
export function searchWord(rng: Rng): string {
  return vocabulary.draw(rng);
}

/** A write to the living documents. `n` is unique to it, so that its content can be told from any other. */
export function randomWrite(rng: Rng, n: number): WriteOp {
  const roll = rng.next();
  const ids = rng.sample(liveIds, rng.between(1, 4));
  if (roll < 0.5) return { kind: 'replace', documents: ids.map((id) => document(rng, id, 'live', n)) };
  if (roll < 0.72) {
    const field = rng.pick(['extra', 'more', 'category']);
    return { kind: 'update', documents: ids.map((id) => ({ id, n, [field]: `${field} ${n}` })) };
  }
  if (roll < 0.82) return { kind: 'delete', ids: ids.slice(0, 1) };
  if (roll < 0.95) return { kind: 'delete', ids };
  return { kind: 'deleteWhere', where: { owner: 'live', batch: rng.int(batches) } };
}

/** The request that asks for a write. */
export function requestOf(op: WriteOp): RawRequest {
  switch (op.kind) {
    case 'replace':
      return { method: 'POST', path, body: JSON.stringify(op.documents) };
    case 'update':
      return { method: 'PUT', path, body: JSON.stringify(op.documents) };
    case 'delete':
      if (op.ids.length === 1) return { method: 'DELETE', path: `${path}/${op.ids[0]}` };
      return { method: 'POST', path: `${path}/delete-batch`, body: JSON.stringify(op.ids) };
    case 'deleteWhere': {
      const filter = Object.entries(op.where).map(([field, value]) => `${field} = ${JSON.stringify(value)}`);
      return { method: 'POST', path: `${path}/delete`, body: JSON.stringify({ filter: filter.join(' AND ') }) };
    }
  }
}
