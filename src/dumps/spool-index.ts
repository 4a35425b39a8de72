import type { Logger } from '../observability/log.ts';
import type { IndexRecord } from '../store/records.ts';
import { NodeStreamError } from './node-stream.ts';
import { indexDocuments, type ReadDocumentsOptions } from './read-documents.ts';
import { spoolLines } from './spool.ts';

const maxAttempts = 3;

/** What to read of an index, and where to. */
export interface SpoolRequest {
  index: IndexRecord;
  /** As clients write filters; null passes every document. */
  filter: unknown;
  file: string;
  signal: AbortSignal;
}

/**
 * Write the documents of an index to a file, one per line, and return how many they are. A node that fails is left out in
 * the next attempt. The index must stand still.
 */
export async function spoolIndex(
  options: ReadDocumentsOptions,
  { index, filter, file, signal }: SpoolRequest,
  log: Logger,
): Promise<number> {
  const excluded = new Set<string>();
  for (let attempt = 1; ; attempt++) {
    try {
      return await spoolLines(file, indexDocuments(options, index, { filter, excluded, signal }), signal);
    } catch (error) {
      if (signal.aborted || attempt >= maxAttempts) throw error;
      const nodeId = (error as { nodeId?: unknown }).nodeId;
      if (typeof nodeId !== 'string') throw error;
      log.warn({ index: index.uid, node: nodeId, err: error }, 'a node could not be read');
      if (!(error instanceof NodeStreamError)) excluded.add(nodeId);
    }
  }
}
