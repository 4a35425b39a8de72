import { type Corpus, payloads } from '../../support/corpus.ts';
import { type Server, send, sendJson, waitForTask, write } from '../../support/http.ts';

/** Create the index, apply its settings and add all documents in their order; resolves when everything is searchable. */
export async function loadCorpus(server: Server, corpus: Corpus, batch = 5_000): Promise<void> {
  await write(server, {
    method: 'POST',
    path: '/indexes',
    body: JSON.stringify({ uid: corpus.uid, primaryKey: corpus.primaryKey }),
  });
  await write(server, {
    method: 'PATCH',
    path: `/indexes/${corpus.uid}/settings`,
    body: JSON.stringify(corpus.settings),
  });
  let last = 0;
  for (const body of payloads(corpus.documents, batch)) {
    const answer = await send(server, { method: 'POST', path: `/indexes/${corpus.uid}/documents`, body });
    if (answer.status !== 202) throw new Error(`documents answered ${answer.status}: ${answer.text.slice(0, 300)}`);
    last = (JSON.parse(answer.text) as { taskUid: number }).taskUid;
  }
  const task = await waitForTask(server, last, 300_000);
  if (task.status !== 'succeeded') throw new Error(`loading ${corpus.uid} failed: ${JSON.stringify(task.error)}`);
  const stats = await sendJson<{ numberOfDocuments: number }>(server, 'GET', `/indexes/${corpus.uid}/stats`);
  if (stats.numberOfDocuments !== corpus.documents.length) {
    throw new Error(`${corpus.uid} holds ${stats.numberOfDocuments} of ${corpus.documents.length} documents`);
  }
}
