/**
 * Pages far into the results. Nodes have to give every hit before the page as well, of which only the place counts: they are asked
 * for that alone at first, and for the documents of the page afterwards.
 */
import { versionField } from '../documents/markers.ts';
import { type ByteText, scanByteObject, textOf, wholeText } from '../json/byte-text.ts';
import { skipSpace } from '../json/scan.ts';
import { bytesOfAnswer } from '../nodes/client.ts';
import { shardOf } from '../placement/hash.ts';
import type { IndexRecord } from '../store/records.ts';
import { isPlain, type NodeHit, rawField } from './merge/hit.ts';
import type { RankedHit } from './merge/ranked-hit.ts';
import { withShards } from './node-request.ts';
import type { Scatter } from './scatter.ts';
import { mergeOptions, type PlannedSearch } from './search-round.ts';

/** Hits before a page from which on asking twice is less work than fetching them all whole. */
const deepFrom = 200;

/** Gives documents of an index by the raw bytes of their primary keys; those that are not there are left out. */
export type FetchDocuments = (search: PlannedSearch, ids: readonly string[]) => Promise<Map<string, NodeHit>>;

/** Whether a page is deep, and shows nothing but documents, which can be had without searching. */
export function isDeep(search: PlannedSearch): boolean {
  const { window, query, index, retrieveVectors } = search;
  if (window.offset < deepFrom || window.limit === 0 || index.primaryKey === null || retrieveVectors) return false;
  // a search by distance adds what it measured to the documents
  if (query.sort?.some((rule) => rule.includes('_geoPoint'))) return false;
  return isPlain(mergeOptions(search).view);
}

/** The same search for nothing but the places of its hits. */
export function placesOnly(search: PlannedSearch): PlannedSearch {
  return { ...search, attributes: { ...search.attributes, retrieve: [] } };
}

/** The hits of a page, documents included; null when one of them is no longer what was ranked. */
export async function withDocuments(
  fetch: FetchDocuments,
  search: PlannedSearch,
  page: readonly RankedHit[],
): Promise<RankedHit[] | null> {
  if (page.length === 0) return [];
  const documents = await fetch(
    search,
    page.map(({ id }) => id),
  );
  const whole: RankedHit[] = [];
  for (const { id, version, ranking } of page) {
    const hit = documents.get(id);
    if (hit === undefined || rawField(hit, versionField) !== version) return null;
    whole.push({ hit, id, version, ranking });
  }
  return whole;
}

const resultsFirst = '{"results":[';

/** The documents of a node's 200 answer; throws when it is none. */
function readDocuments(text: ByteText): NodeHit[] {
  if (!text.startsWith(resultsFirst)) throw new SyntaxError('no list of documents');
  const documents: NodeHit[] = [];
  for (let at = resultsFirst.length; text.charAt(at) !== ']'; ) {
    const { list, end } = scanByteObject(text, at);
    documents.push({ text, fields: list, added: new Map() });
    at = skipSpace(text, end);
    if (text.charAt(at) === ',') at = skipSpace(text, at + 1);
  }
  return documents;
}

/** A primary key as text; a number may have more digits than JavaScript's. */
const idOf = (raw: string): string => (raw.startsWith('"') ? (JSON.parse(textOf(raw)) as string) : raw);

function byShard(index: IndexRecord, ids: readonly string[]): Map<number, string[]> {
  const shards = new Map<number, string[]>();
  for (const id of ids.map(idOf)) {
    const shard = shardOf(id, index.shards);
    shards.set(shard, [...(shards.get(shard) ?? []), id]);
  }
  return shards;
}

/** `FetchDocuments` over a scatter, from the copies that the search reads. */
export function createFetchDocuments(scatter: Scatter): FetchDocuments {
  return async ({ index, startGroup }, ids) => {
    const shards = byShard(index, ids);
    const key = index.primaryKey ?? '';
    const { answers } = await scatter({
      index,
      shards: [...shards.keys()].sort((a, b) => a - b),
      startGroup,
      build: (own) => ({
        method: 'POST',
        path: `/indexes/${index.physicalUid}/documents/fetch`,
        body: JSON.stringify({
          ids: own.flatMap((shard) => shards.get(shard) ?? []),
          limit: ids.length,
          filter: withShards(null, own),
        }),
        asBytes: true,
      }),
      read: (answer) => readDocuments(wholeText(bytesOfAnswer(answer))),
    });
    const all = answers.flatMap(({ value }) => value);
    return new Map(all.map((document) => [rawField(document, key), document]));
  };
}
