import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, apiCall } from './http.ts';

/** Names that `--sample` takes. */
export const sampleNames = ['movies'] as const;

/** Documents per request: several, so that there is progress to see. */
const batchSize = 80;

const settings = {
  searchableAttributes: ['title', 'director', 'overview', 'genres'],
  filterableAttributes: ['genres', 'year', 'rating', 'director', '_geo'],
  sortableAttributes: ['year', 'rating', 'title', '_geo'],
};

interface TaskAnswer {
  status: string;
  error: { message: string } | null;
}

async function finished(access: Access, taskUid: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const task = (await apiCall(access, 'GET', `/tasks/${taskUid}`)) as TaskAnswer;
    if (task.status === 'succeeded') return;
    if (task.status === 'failed' || task.status === 'canceled') {
      throw new Error(`loading the sample ${task.status}: ${task.error?.message ?? 'no reason given'}`);
    }
    await sleep(50);
  }
}

function showProgress(name: string, done: number, total: number): void {
  const ended = done === total;
  if (!process.stdout.isTTY && !ended) return;
  process.stdout.write(
    `${process.stdout.isTTY ? '\r' : ''}loading ${name}: ${done} of ${total} documents${ended ? '\n' : ''}`,
  );
}

/** Loads a sample data set through the public API, with progress on standard output. Loading it again changes nothing. */
export async function loadSample(name: string, access: Access, signal: AbortSignal): Promise<void> {
  const file = new URL(`../../assets/${name}.json`, import.meta.url);
  const documents = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
  const enqueue = async (method: string, path: string, body: unknown) =>
    ((await apiCall(access, method, path, body)) as { taskUid: number }).taskUid;

  const first = await enqueue('PATCH', `/indexes/${name}/settings`, settings);
  const tasks: { uid: number; documents: number }[] = [];
  for (let from = 0; from < documents.length; from += batchSize) {
    const batch = documents.slice(from, from + batchSize);
    const uid = await enqueue('POST', `/indexes/${name}/documents?primaryKey=id`, batch);
    tasks.push({ uid, documents: batch.length });
  }
  await finished(access, first, signal);
  let done = 0;
  for (const task of tasks) {
    await finished(access, task.uid, signal);
    done += task.documents;
    showProgress(name, done, documents.length);
  }
}
