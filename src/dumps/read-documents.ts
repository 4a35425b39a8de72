import { ApiError } from '../errors/api-error.ts';
import type { NodeClient } from '../nodes/client.ts';
import { readLayout } from '../placement/read-layout.ts';
import type { ClusterView } from '../placement/view.ts';
import { allShards, planReads } from '../search/plan.ts';
import type { IndexRecord } from '../store/records.ts';
import { type DumpedDocument, nodeDocuments } from './node-stream.ts';

/** What reading whole indexes is built from. */
export interface ReadDocumentsOptions {
  view: ClusterView;
  clients: { get(nodeId: string): NodeClient | undefined };
  /** Milliseconds for one page. */
  pageTimeoutMs: number;
}

/** Bytes of the pages in memory, over all nodes: three for each. */
const pagesBytes = 8 * 1024 * 1024;

interface Head {
  document: DumpedDocument;
  stream: AsyncGenerator<DumpedDocument>;
}

/** Which documents, and from where. */
export interface DocumentsRequest {
  /** As clients write filters; null passes every document. */
  filter: unknown;
  /** Nodes that are not asked. */
  excluded: ReadonlySet<string>;
  signal: AbortSignal;
}

/**
 * Every document of an index that passes the filter once, as the client wrote it, in the order in which one server would list them: each node's
 * list as it is, merged by position. Throws `miroir_shard_unavailable` when a shard has no readable copy, a node's own
 * refusal of the filter.
 */
export async function* indexDocuments(
  options: ReadDocumentsOptions,
  index: IndexRecord,
  { filter, excluded, signal }: DocumentsRequest,
): AsyncGenerator<string> {
  const { view, clients } = options;
  const { byNode, missing } = planReads(view, index, allShards(index), 0, excluded);
  if (missing.length > 0) {
    const some = missing.slice(0, 10).join(', ');
    const message = `Index \`${index.uid}\`: no in-sync copy of shard ${some}${missing.length > 10 ? ', ...' : ''} can be read.`;
    throw new ApiError('miroir_shard_unavailable', message);
  }
  const { held } = readLayout(view, index);
  const streams = [...byNode].flatMap(([nodeId, shards]) => {
    const client = clients.get(nodeId);
    if (client === undefined) return [];
    return nodeDocuments({
      client,
      index,
      shards: held.get(nodeId) === shards.length ? null : shards,
      filter,
      pageBytes: pagesBytes / (3 * byNode.size),
      timeoutMs: options.pageTimeoutMs,
      signal,
    });
  });
  yield* mergeByVersion(streams);
}

/** The streams merged by position, each in its own order. Ends all of them when the reader stops early. */
export async function* mergeByVersion(streams: readonly AsyncGenerator<DumpedDocument>[]): AsyncGenerator<string> {
  const advance = async (stream: AsyncGenerator<DumpedDocument>): Promise<Head | null> => {
    const { value, done } = await stream.next();
    return done === true ? null : { document: value, stream };
  };
  try {
    const heads = (await Promise.all(streams.map(advance))).filter((head) => head !== null);
    while (heads.length > 0) {
      let first = 0;
      for (let i = 1; i < heads.length; i++) {
        if (heads[i]!.document.position < heads[first]!.document.position) first = i;
      }
      const head = heads[first]!;
      yield head.document.text;
      const next = await advance(head.stream);
      if (next === null) heads.splice(first, 1);
      else heads[first] = next;
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined).catch(() => undefined)));
  }
}
