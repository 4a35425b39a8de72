import { ApiError, type ErrorBody } from '../errors/api-error.ts';
import type { DocumentEdition, DocumentWriteService } from '../http/services.ts';
import type { Catalog } from '../indexes/catalog.ts';
import { indexNotFoundBody } from '../indexes/errors.ts';
import { allNodes, forBothLayouts } from '../indexes/prepare.ts';
import type { NodeClient } from '../nodes/client.ts';
import type { ClusterView } from '../placement/view.ts';
import type { StoreChange } from '../store/store.ts';
import { type Acceptance, settledPlan, type WritePlan } from '../tasks/acceptance.ts';
import { wrapFunction } from './edit-function.ts';
import { type VersionClock, versionMarker } from './markers.ts';
import { filteredParts, splitByOwners } from './shard-parts.ts';

/** What editing documents by function is built from. */
export interface DocumentEditOptions {
  catalog: Catalog;
  view: ClusterView;
  clients: { get(nodeId: string): NodeClient | undefined };
  acceptance: Acceptance;
  versions: VersionClock;
  /** Milliseconds a node may take to compile a function. */
  timeoutMs: number;
}

/** What a node says about a context that is no object, once it has found nothing wrong with script and filter. */
const contextRefusal = 'The context must be an object';
const refusals: readonly string[] = ['bad_request', 'invalid_document_filter'];

/** `POST /documents/edit`: the function runs on every node, over the shards that it holds. */
export function createDocumentEditService(options: DocumentEditOptions): Pick<DocumentWriteService, 'edit'> {
  const { catalog, view, acceptance, versions } = options;

  /**
   * Has a node judge script and filter, as the client sent them, and touch nothing: the context it gets is wrong, which a
   * node only finds last.
   */
  async function judge({ function: script, filter }: DocumentEdition): Promise<void> {
    const body = JSON.stringify({ function: script, filter, context: 0 });
    const request = {
      method: 'POST',
      path: '/indexes/any/documents/edit',
      body,
      timeoutMs: options.timeoutMs,
    } as const;
    for (const nodeId of allNodes(view).filter((id) => view.up(id))) {
      const answer = await options.clients
        .get(nodeId)
        ?.request(request)
        .catch(() => null);
      if (answer?.status !== 400) continue;
      const { code, message } = JSON.parse(answer.text) as ErrorBody;
      if (code === 'invalid_document_edition_context') return;
      if (refusals.includes(code)) throw new ApiError(code, message);
    }
    throw new ApiError('miroir_shard_unavailable', 'No node could be asked whether the function is valid.', {
      headers: { 'retry-after': '5' },
    });
  }

  function checkContext({ context }: DocumentEdition): void {
    if (context === null || (typeof context.value === 'object' && !Array.isArray(context.value))) return;
    throw new ApiError('invalid_document_edition_context', contextRefusal);
  }

  return {
    async edit(uid, edition) {
      await judge(edition);
      checkContext(edition);
      const { filter, context } = edition;
      return acceptance.accept(uid, async (): Promise<WritePlan> => {
        const details = {
          editedDocuments: null,
          deletedDocuments: null,
          originalFilter: filter === null ? null : JSON.stringify(filter),
          context: context?.value ?? null,
          function: edition.function,
        };
        const base = { type: 'documentEdition', indexUid: uid, details };
        const index = catalog.accepted(uid);
        if (index === null) return settledPlan({ ...base, verdict: indexNotFoundBody(uid) });
        const version = versionMarker(versions.next());
        const script = JSON.stringify(wrapFunction(edition.function, version));
        const target = { step: 'edit', path: '/documents/edit', filter, split: splitByOwners };
        // a function may delete documents
        const mark: StoreChange = {
          kind: 'putDeletionMark',
          record: { indexId: index.id, version, kind: 'other', filter: null },
        };
        const body = (cut: unknown) =>
          `{"function":${script},"filter":${JSON.stringify(cut)},"context":${context?.text ?? 'null'}}`;
        const parts = forBothLayouts(catalog, index, (layout) => filteredParts(view, layout, target, body));
        return { ...base, index, verdict: null, effect: {}, catalog: [mark], parts, touched: null };
      });
    },
  };
}
