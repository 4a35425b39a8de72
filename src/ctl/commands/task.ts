import { renderTable } from '../../cli/table.ts';
import type { AdminTaskPart } from '../../placement/admin-types.ts';
import type { AdminClient } from '../client.ts';
import type { Output } from '../output.ts';

const shownFields = ['uid', 'status', 'type', 'indexUid', 'enqueuedAt', 'startedAt', 'finishedAt', 'duration'] as const;

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function partRow(part: AdminTaskPart): (string | number)[] {
  return [part.node, part.step, part.status, part.nodeTaskUid ?? '-', part.error?.message ?? ''];
}

/** `miroir-ctl task <uid>`: a task and what became of it on each node. */
export async function task(client: AdminClient, uid: number): Promise<Output> {
  const data = await client.task(uid);
  const { details, error } = data.task as { details?: unknown; error?: { message?: string } | null };
  const fields: (readonly [string, unknown])[] = [
    ...shownFields.map((name) => [name, data.task[name] ?? null] as const),
    ['details', details ?? null],
    ['error', error?.message ?? null],
  ];
  const set = fields.filter(([, value]) => value !== null);
  const width = Math.max(...set.map(([name]) => name.length));
  const table = renderTable(['node', 'step', 'status', 'node task', 'error'], data.parts.map(partRow));
  return {
    data,
    text: [
      ...set.map(([name, value]) => `${name.padEnd(width)}  ${show(value)}`),
      '',
      data.parts.length === 0 ? 'no node was asked' : table,
    ].join('\n'),
  };
}
