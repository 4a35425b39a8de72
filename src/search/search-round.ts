import { bytesOfAnswer } from '../nodes/client.ts';
import type { IndexRecord } from '../store/records.ts';
import type { SearchAttributes } from './attributes.ts';
import { type MergeOptions, type NodeSearchAnswer, readSearchAnswer } from './merge/answer.ts';
import type { HitView } from './merge/hit.ts';
import type { Window } from './merge/totals.ts';
import { nodeReach } from './node-reach.ts';
import { type NodeSearch, nodeSearchBody } from './node-request.ts';
import type { SearchQuery } from './query.ts';
import type { Scatter, ScatterResult } from './scatter.ts';
import type { ReadSettings } from './settings-view.ts';

/** One search, with all that was decided about it before any node is asked. */
export interface PlannedSearch {
  index: IndexRecord;
  settings: ReadSettings;
  query: SearchQuery;
  /** The client's filter and the tenant token's. */
  filter: unknown;
  attributes: SearchAttributes;
  window: Window;
  /** Fields fetched for merging. */
  extras: readonly string[];
  /** Whether the client sees vectors. */
  retrieveVectors: boolean;
  distinct: string | null;
  /** The distinct field when its facets tell the total exactly. */
  countedDistinct: string | null;
  shards: readonly number[];
  startGroup: number;
  /** Moment the search began, for its duration. */
  started: number;
}

/** One round of requests to the nodes: what it asks for besides the plan. */
export interface Round {
  query: SearchQuery;
  /** Hits that each node has to give. */
  reach: number;
  countedDistinct: string | null;
  retrieveVectors: boolean;
  shards: readonly number[];
  /** Whether each node is to give only as many hits as its share of the shards should need. */
  byShare?: boolean;
  /** Whom to ask for what; see `ScatterRequest`. */
  parts?: readonly { nodeId: string; shards: readonly number[] }[];
}

/** What every round of a search has in common. */
export function firstRound(search: PlannedSearch): Round {
  const { query, window, countedDistinct, retrieveVectors, shards } = search;
  return { query, reach: window.reach, countedDistinct, retrieveVectors, shards };
}

/** Asks the nodes for one round of a search. */
export type AskNodes = (search: PlannedSearch, round: Round) => Promise<ScatterResult<NodeSearchAnswer>>;

/** What the nodes are asked in one round. */
export function nodeSearchOf({ filter, attributes, extras, window }: PlannedSearch, round: Round): NodeSearch {
  const { query, reach, retrieveVectors, countedDistinct } = round;
  const countedFields = countedDistinct === null ? [] : [countedDistinct];
  return { query, filter, attributes, window: { ...window, reach }, extras, retrieveVectors, countedFields };
}

/** `AskNodes` over a scatter; rounds of one search go to the same copies while nothing fails. */
export function createAskNodes(scatter: Scatter): AskNodes {
  return (search, round) => {
    const { index, startGroup } = search;
    const { shards, reach, byShare = false, parts } = round;
    const body = nodeSearchBody(nodeSearchOf(search, round));
    const path = `/indexes/${index.physicalUid}/search`;
    return scatter({
      index,
      shards,
      startGroup,
      ...(parts === undefined ? {} : { parts }),
      build(own, whole) {
        const most = byShare ? nodeReach(reach, own.length / shards.length) : reach;
        return { method: 'POST', path, body: body(own, whole, most), asBytes: true };
      },
      read: (answer) => readSearchAnswer(bytesOfAnswer(answer)),
    });
  };
}

/** The nodes' answers of one round. */
export function answersOf({ answers }: ScatterResult<NodeSearchAnswer>): NodeSearchAnswer[] {
  return answers.map((answer) => answer.value);
}

function hitView({ query, attributes, extras }: PlannedSearch): HitView {
  return {
    visible: attributes.visible,
    extras,
    formatted: query.attributesToHighlight !== null || query.attributesToCrop !== null,
    matchesPosition: query.showMatchesPosition,
    rankingScore: query.showRankingScore,
    rankingScoreDetails: query.showRankingScoreDetails,
  };
}

/** How the answers of a search are merged and written, as of now. */
export function mergeOptions(search: PlannedSearch): MergeOptions {
  const { query, window, settings, index, distinct, countedDistinct, started } = search;
  return {
    query,
    window,
    settings,
    view: hitView(search),
    primaryKey: index.primaryKey,
    distinct,
    countedDistinct,
    elapsedMs: performance.now() - started,
  };
}
