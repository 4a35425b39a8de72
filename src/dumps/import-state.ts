/** What to do with an index of the dump whose name is taken. */
export const conflictRules = ['fail', 'skip', 'replace'] as const;
export type ConflictRule = (typeof conflictRules)[number];

/** What an import was asked for. */
export interface ImportInput {
  /** Absolute path of the dump. */
  file: string;
  /** Whether the file came with the request and goes away with the task. */
  uploaded: boolean;
  onConflict: ConflictRule;
}

/** Where an import stands. Stored after each step; whatever came after the last one stored is done again, which changes nothing. */
export interface ImportState {
  /** Uids of the indexes to import, in order. */
  indexes: string[];
  /** Position of the index under way. */
  position: number;
  /** The next thing to do with it. `creating`: its creation may have been sent. */
  step: 'new' | 'creating' | 'settings' | 'documents';
  /** Offset in its documents from which on they are to be sent. */
  offset: number;
  importedDocuments: number;
  totalDocuments: number;
  importedKeys: number;
  /** Tasks that have been sent and not yet been seen to end. */
  pending: number[];
}

/** Details of the task. */
export interface ImportDetails {
  /** Name of the file, `upload` when it came with the request. */
  file: string;
  phase: 'waiting' | 'unpacking' | 'importing' | 'done';
  /** Indexes to import; null until they are known. */
  indexes: number | null;
  importedIndexes: number;
  importedDocuments: number;
  totalDocuments: number | null;
  importedKeys: number;
}

/** Details before anything is known. */
export function initialDetails(file: string): ImportDetails {
  return {
    file,
    phase: 'waiting',
    indexes: null,
    importedIndexes: 0,
    importedDocuments: 0,
    totalDocuments: null,
    importedKeys: 0,
  };
}

/** Details at a point of the work. */
export function importDetails(file: string, phase: ImportDetails['phase'], state: ImportState): ImportDetails {
  return {
    file,
    phase,
    indexes: state.indexes.length,
    importedIndexes: state.position,
    importedDocuments: state.importedDocuments,
    totalDocuments: state.totalDocuments,
    importedKeys: state.importedKeys,
  };
}
