import { describe, expect, it } from 'vitest';
import * as embeddings from '../../../src/documents/check-embeddings.ts';
import type { StoredDocument } from '../../../src/documents/checks.ts';
import { editDistance } from '../../../src/documents/embedding-hints.ts';
import { readEmbeddings } from '../../../src/documents/embedding-values.ts';
import { atOnce } from '../../../src/documents/turns.ts';

const checkEmbeddings = (...rules: Parameters<typeof embeddings.checkEmbeddings>) =>
  atOnce(embeddings.checkEmbeddings(...rules));

const own = { name: 'm', userProvided: true, dimensions: 2 };
const made = { name: 'r', userProvided: false, dimensions: null };

const document = (id: string, vectors: string | null): StoredDocument => ({
  id,
  fields: new Map([['id', id], ...(vectors === null ? [] : [['_vectors', vectors] as const])]),
  odd: false,
});
const stored = (ids: readonly string[], regenerating: readonly string[] = []): embeddings.StoredVectors => ({
  has: (id) => ids.includes(id),
  regenerates: (id) => regenerating.includes(id),
});

describe('checkEmbeddings', () => {
  it('passes documents without vectors while the index has not been asked, and names them', () => {
    const batch = [
      document('1', null),
      document('2', '{"m":[1,2]}'),
      document('3', '{"x":[1]}'),
      document('4', '{"m":null}'),
    ];
    const { failure, doubtful } = checkEmbeddings(batch, [own, made], null);
    expect(failure).toBeNull();
    expect([...doubtful]).toEqual(['1', '3']);
  });

  it('wants vectors of new documents, and of those whose vectors are to be made anew', () => {
    const batch = [document('1', null), document('2', null)];
    expect(checkEmbeddings(batch, [own], stored(['1', '2'])).failure).toBeNull();
    expect(checkEmbeddings(batch, [own], stored(['1'])).failure?.message).toContain('provided for document `2`\n');
    expect(checkEmbeddings(batch, [own], stored(['1', '2'], ['1'])).failure?.message).toContain('document `1`\n');
    expect(checkEmbeddings(batch, [made], stored([])).failure).toBeNull();
  });

  it('counts those that lack vectors in the first hundred', () => {
    const batch = Array.from({ length: 250 }, (_, i) => document(String(i), i < 130 ? '{"m":null}' : null));
    expect(checkEmbeddings(batch, [own], stored([])).failure?.message).toContain(
      'document `130` and at least 69 other document(s)\n',
    );
  });

  it('judges sizes only where they are known', () => {
    const batch = [document('1', '{"m":[1,2],"r":[1,2,3]}')];
    expect(checkEmbeddings(batch, [own, made], null).failure).toBeNull();
    expect(checkEmbeddings(batch, [own, { ...made, dimensions: 2 }], null).failure?.message).toContain(
      'embedding #0 has dimensions 3',
    );
  });
});

describe('readEmbeddings', () => {
  it('measures plain numbers and a closer look alike', () => {
    const texts = [
      '[]',
      '[1]',
      '[ 1 , 2.5e-3 ]',
      '[[1,2],[3]]',
      '[[]]',
      '[[1,2] , [ ] ]',
      '[[[1]]]',
      '[1,[2]]',
      '[[1],2]',
      '["[1]"]',
    ];
    for (const text of texts) expect(readEmbeddings('p', text, false)).toEqual(readEmbeddings('p', text, true));
    expect(readEmbeddings('p', '[[1,2],[3]]', false)).toEqual({ kind: 'embeddings', lengths: [2, 1] });
  });
});

describe('editDistance', () => {
  it('counts insertions, deletions, substitutions and swaps', () => {
    const pairs = [
      ['manual', 'manual'],
      ['manual', 'manuel'],
      ['manual', 'mnaual'],
      ['manual', 'manua'],
      ['m', 'mno'],
      ['', 'ab'],
    ];
    expect(pairs.map(([a = '', b = '']) => editDistance(a, b))).toEqual([0, 1, 1, 1, 2, 2]);
  });
});
