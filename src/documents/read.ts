import { ApiError } from '../errors/api-error.ts';
import type { DocumentReadService, ReadAnswer } from '../http/services.ts';
import { members } from '../json/scan.ts';
import { shardOf } from '../placement/hash.ts';
import { shownMembers } from '../search/merge/fields.ts';
import type { Scatter } from '../search/scatter.ts';
import { visibleIndex } from '../search/visible-index.ts';
import type { IndexRecord } from '../store/records.ts';
import { listDocuments, visibleFields } from './list.ts';

/** What the document reading service is built from. */
export interface DocumentReadOptions {
  catalog: { visible(uid: string): IndexRecord | null };
  scatter: Scatter;
}

function documentPath(index: IndexRecord, id: string, fields: readonly string[] | null, vectors: boolean): string {
  const parameters = [
    ...(fields === null ? [] : [`fields=${fields.map(encodeURIComponent).join(',')}`]),
    ...(vectors ? ['retrieveVectors=true'] : []),
  ];
  const path = `/indexes/${index.physicalUid}/documents/${encodeURIComponent(id)}`;
  return parameters.length === 0 ? path : `${path}?${parameters.join('&')}`;
}

/** Build the document reading service of a process. */
export function createDocumentReadService({ catalog, scatter }: DocumentReadOptions): DocumentReadService {
  async function get(
    indexUid: string,
    documentId: string,
    fields: string[] | null,
    retrieveVectors: boolean,
  ): Promise<ReadAnswer> {
    const index = visibleIndex(catalog, indexUid);
    const visible = fields?.includes('*') === true ? null : visibleFields(fields);
    const shard = shardOf(documentId, index.shards);
    const { answers } = await scatter<string | null>({
      index,
      shards: [shard],
      startGroup: shard,
      build: () => ({ method: 'GET', path: documentPath(index, documentId, visible, retrieveVectors) }),
      read: ({ text }) => `{${shownMembers(text, members(text), null, []).join(',')}}`,
      absent: { code: 'document_not_found', value: null },
    });
    const json = answers[0]?.value ?? null;
    if (json === null) throw new ApiError('document_not_found', `Document \`${documentId}\` not found.`);
    return { json, missingShards: [], settingsVersion: index.settingsVersion };
  }

  return {
    get,
    list: async (indexUid, query) => listDocuments(scatter, visibleIndex(catalog, indexUid), query),
  };
}
