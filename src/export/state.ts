/** Which documents of the indexes that a pattern covers are exported, and whether settings of the target's indexes are replaced. */
export interface ExportRule {
  /** As sent; null passes every document. */
  filter: unknown;
  overrideSettings: boolean;
}

/** What an export was asked for. */
export interface ExportInput {
  url: string;
  apiKey: string | null;
  /** Bytes of one payload of documents; null for the default. */
  payloadSize: number | null;
  /** By index pattern, in order of code points: the first that covers an index rules it. */
  indexes: Record<string, ExportRule>;
}

/** One index as gathered on disk, ready to be sent. */
export interface GatheredIndex {
  uid: string;
  primaryKey: string | null;
  /** All settings, secrets included. */
  settings: Record<string, unknown>;
  rule: ExportRule;
  /** Name of the file of its documents in the job's folder. */
  file: string;
  documents: number;
}

/** Where the sending stands. What came after the last state stored is sent again, which changes nothing. */
export interface ExportState {
  /** Position of the index under way. */
  position: number;
  /** The next thing to do: find out about the target's index, write its head (primary key and settings), send documents. */
  step: 'new' | 'create' | 'change' | 'documents';
  /** Offset in the index's documents from which on they are to be sent. */
  offset: number;
  /** Documents of the index that were sent. */
  sent: number;
}

const units: readonly [string, number][] = [
  ['EiB', 2 ** 60],
  ['PiB', 2 ** 50],
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
];

/** A number of bytes as Meilisearch writes it: `50 MiB`. */
export function sizeText(bytes: number): string {
  const [unit, factor] = units.find(([, least]) => bytes >= least) ?? ['B', 1];
  return `${bytes / factor} ${unit}`;
}
