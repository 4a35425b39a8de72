import { diffAnswers } from '../../support/compare.ts';
import { type Server, send } from '../../support/http.ts';
import type { Report } from '../../support/report.ts';

/** Sizes are those of the nodes' own files: they are compared by type only. */
const sizes = new Set(['rawDocumentDbSize', 'avgDocumentSize', 'databaseSize', 'usedDatabaseSize', 'lastUpdate']);

/** Document counts and field distributions of a loaded server: each document counted once, marker fields nowhere. */
export async function compareStats(
  oracle: Server,
  subject: Server,
  uids: readonly string[],
  report: Report,
): Promise<void> {
  for (const path of ['/stats', ...uids.map((uid) => `/indexes/${uid}/stats`)]) {
    const [expected, got] = await Promise.all([
      send(oracle, { method: 'GET', path }),
      send(subject, { method: 'GET', path }),
    ]);
    report.add('stats', `GET ${path}`, diffAnswers(expected, got, { loose: sizes }));
  }
}
