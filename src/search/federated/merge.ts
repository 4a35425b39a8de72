import { type ByteText, bytesOf } from '../../json/byte-text.ts';
import { printDouble } from '../../json/print.ts';
import type { HitView } from '../merge/hit.ts';
import { type NodeHit, renderHit } from '../merge/hit.ts';
import { arraySource, mergeSources } from '../merge/kway.ts';
import { compareWeighted, type Weighted } from './weighted-values.ts';

/** A hit of one query, with what decides about its place among those of other queries. */
export interface FederatedHit extends Weighted {
  hit: NodeHit;
  /** Raw text of its primary key. */
  id: string;
  indexUid: string;
  /** Position of the query that found it. */
  position: number;
  /** Whether vectors found it. */
  semantic: boolean;
  view: HitView;
}

const compare = (a: FederatedHit, b: FederatedHit) => compareWeighted(a, b) || a.position - b.position;

/** The hits of an index's queries as one list, each document once, where it stands best. `reach` bounds the result. */
export function mergeQueries(lists: readonly (readonly FederatedHit[])[], reach: number): FederatedHit[] {
  const seen = new Set<string>();
  return mergeSources(lists.map(arraySource), compare, reach, ({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

/** The lists of all indexes as one. */
export function mergeIndexes(lists: readonly (readonly FederatedHit[])[], reach: number): FederatedHit[] {
  return mergeSources(lists.map(arraySource), compare, reach);
}

/** The hit as clients see it. */
export function renderFederatedHit({ hit, view, indexUid, position, score }: FederatedHit): ByteText {
  const place = `"indexUid":${JSON.stringify(indexUid)},"queriesPosition":${position}`;
  return renderHit(hit, view, bytesOf(`"_federation":{${place},"weightedRankingScore":${printDouble(score)}}`));
}
