import { ApiError } from '../errors/api-error.ts';
import type { ReadAnswer } from '../http/services.ts';
import { elements, members } from '../json/scan.ts';
import { disguise, disguiseFilter } from '../search/disguise.ts';
import { narrowedShards, shardsOfIds } from '../search/filter/shards.ts';
import { shownMembers } from '../search/merge/fields.ts';
import { arraySource, mergeSources } from '../search/merge/kway.ts';
import { withShards } from '../search/node-request.ts';
import { allShards } from '../search/plan.ts';
import type { DocumentsQuery } from '../search/query.ts';
import type { Scatter, ScatterRequest, ShardAnswer } from '../search/scatter.ts';
import type { IndexRecord } from '../store/records.ts';
import { type ListWindow, mergedPrefix, planPage } from './list-order.ts';
import { compareBySort, parseSortCriterion, sortField, sortValues } from './list-sort.ts';
import { reservedPrefix, versionField } from './markers.ts';

/** A node's list of documents, each as it is written. */
interface NodeList {
  documents: string[];
  total: number;
}

/** The documents of a page and how many there are in all. */
interface Page {
  documents: string[];
  total: number;
  missing: readonly number[];
}

/** The fields a client may see of those asked for: null for all. A `*` is a field's name here (measured on `fetch`). */
export function visibleFields(fields: readonly string[] | null): readonly string[] | null {
  return fields?.filter((name) => !name.startsWith(reservedPrefix)) ?? null;
}

function readList(text: string): NodeList {
  const parts = new Map(members(text).map((member) => [member.key, member]));
  const results = parts.get('results');
  const total = parts.get('total');
  if (results === undefined || total === undefined) throw new SyntaxError('no list of documents');
  return {
    documents: elements(text, results.valueStart),
    total: Number(text.slice(total.valueStart, total.valueEnd)),
  };
}

function versionOf(document: string): string {
  const version = members(document).find(({ key }) => key === versionField);
  return version === undefined ? '' : document.slice(version.valueStart, version.valueEnd);
}

const partKey = (nodeId: string, shards: readonly number[]) => `${nodeId}:${shards.join()}`;
const sumTotals = (answers: readonly ShardAnswer<NodeList>[]) => answers.reduce((sum, a) => sum + a.value.total, 0);

/** One list request, sent to nodes as often as its page needs. */
class Listing {
  readonly #scatter: Scatter;
  readonly #index: IndexRecord;
  readonly #query: DocumentsQuery;
  readonly #visible: readonly string[] | null;

  constructor(scatter: Scatter, index: IndexRecord, query: DocumentsQuery) {
    this.#scatter = scatter;
    this.#index = index;
    this.#query = query;
    this.#visible = visibleFields(query.fields);
  }

  async page(): Promise<Page> {
    return this.#unsorted ? this.#inWriteOrder() : this.#sorted();
  }

  get #unsorted(): boolean {
    return this.#query.sort === null || this.#query.sort.length === 0;
  }

  /** Versions first, which tell the stretch of each node's list that the page needs; then these stretches. */
  async #inWriteOrder(): Promise<Page> {
    const { offset, limit } = this.#query;
    for (let attempt = 0; attempt < 3; attempt++) {
      const heads = await this.#ask(() => ({ offset: 0, limit: mergedPrefix }), [versionField], false);
      const total = sumTotals(heads.answers);
      const plan = planPage(
        heads.answers.map(({ value }) => ({ total: value.total, versions: value.documents.map(versionOf) })),
        offset,
        limit,
      );
      if (plan.sequence.length === 0) return { documents: [], total, missing: heads.missing };
      const windows = new Map(heads.answers.map((a, i) => [partKey(a.nodeId, a.shards), plan.windows[i]]));
      const found = await this.#stretches(windows, heads.answers);
      if (found === null) continue;
      const lists = heads.answers.map((a) => found.get(partKey(a.nodeId, a.shards))?.values());
      const documents = plan.sequence.flatMap((list) => lists[list]?.next().value ?? []);
      return { documents: documents.map((text) => this.#render(text, [])), total, missing: heads.missing };
    }
    throw new ApiError('miroir_shard_unavailable', 'The copies changed while the documents were listed. Retry.');
  }

  /** Null when other nodes answer than those the windows were made for: another copy may keep another order. */
  async #stretches(windows: ReadonlyMap<string, ListWindow | undefined>, parts: ScatterRequest<NodeList>['parts']) {
    const nothing = { offset: 0, limit: 0 };
    const { answers } = await this.#ask(
      (key) => windows.get(key) ?? nothing,
      this.#visible,
      this.#query.retrieveVectors,
      parts,
    );
    const found = new Map(answers.map((a) => [partKey(a.nodeId, a.shards), a.value.documents]));
    return found.size === windows.size && [...found.keys()].every((key) => windows.has(key)) ? found : null;
  }

  /** Every node's list from its start, merged by the values sorted by. */
  async #sorted(): Promise<Page> {
    const { offset, limit, retrieveVectors } = this.#query;
    const criteria = (this.#query.sort ?? []).flatMap((text) => parseSortCriterion(text) ?? []);
    const extras = [versionField, ...criteria.map(sortField)];
    const fields = this.#visible === null ? null : [...new Set([...this.#visible, ...extras])];
    const { answers, missing } = await this.#ask(() => ({ offset: 0, limit: offset + limit }), fields, retrieveVectors);
    const sources = answers.map(({ value }) =>
      arraySource(
        value.documents.map((text) => ({ text, values: sortValues(text, criteria), version: versionOf(text) })),
      ),
    );
    const merged = mergeSources(
      sources,
      (a, b) =>
        compareBySort(a.values, b.values, criteria) || (a.version < b.version ? -1 : Number(a.version > b.version)),
      offset + limit,
    );
    const documents = merged.slice(offset).map(({ text }) => this.#render(text, extras));
    return { documents, total: sumTotals(answers), missing };
  }

  #ask(
    windowOf: (key: string) => ListWindow,
    fields: readonly string[] | null,
    retrieveVectors: boolean,
    parts?: ScatterRequest<NodeList>['parts'],
  ) {
    const { ids, sort } = this.#query;
    const filter = disguiseFilter(this.#query.filter);
    return this.#scatter({
      index: this.#index,
      shards: this.#shards(),
      startGroup: this.#index.id,
      // each copy keeps an order of its own
      steady: this.#unsorted,
      ...(parts === undefined ? {} : { parts }),
      build: (shards, whole, nodeId) => {
        const body = {
          ...windowOf(partKey(nodeId, shards)),
          ...(fields === null ? {} : { fields }),
          ...(retrieveVectors ? { retrieveVectors } : {}),
          ...(ids === null ? {} : { ids }),
          ...(sort === null ? {} : { sort: sort.map(disguise) }),
          filter: whole ? filter : withShards(filter, shards),
        };
        return {
          method: 'POST',
          path: `/indexes/${this.#index.physicalUid}/documents/fetch`,
          body: JSON.stringify(body),
        };
      },
      read: ({ text }) => readList(text),
    });
  }

  #shards(): readonly number[] {
    const { ids, filter } = this.#query;
    if (ids !== null) return shardsOfIds(ids, this.#index);
    return narrowedShards(filter, this.#index) ?? allShards(this.#index);
  }

  #render(text: string, extras: readonly string[]): string {
    return `{${shownMembers(text, members(text), this.#visible, extras).join(',')}}`;
  }
}

/** A page of an index's documents, in the order in which they were written or as `sort` says. */
export async function listDocuments(scatter: Scatter, index: IndexRecord, query: DocumentsQuery): Promise<ReadAnswer> {
  const { documents, total, missing } = await new Listing(scatter, index, query).page();
  return {
    json: `{"results":[${documents.join(',')}],"offset":${query.offset},"limit":${query.limit},"total":${total}}`,
    missingShards: missing,
    settingsVersion: index.settingsVersion,
  };
}
