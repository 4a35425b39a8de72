import fc from 'fast-check';
import { expect } from 'vitest';
import type { PartRecord, TaskRecord, TaskStatus } from '../../../src/store/records.ts';
import type { NewPart, NewTask, Store, TaskPage } from '../../../src/store/store.ts';
import { ModelStore } from './model.ts';
import { newPart, newTask } from './records.ts';

/** Instants that differ in offset and in length of fraction, some equal to others. */
const instant = fc.constantFrom(
  ...['2024-05-01T10:00:00Z', '2024-05-01T10:00:00.5Z', '2024-05-01T10:00:00.25Z', '2024-05-01T10:00:00.250Z'],
  ...['2024-05-01T10:00:00.123456789Z', '2024-05-01T10:00:00.1234567891Z', '2024-05-01T10:00:00.12345679Z'],
  ...[
    '2024-05-01T12:00:00.5+02:00',
    '2024-05-01T09:59:59.999999999Z',
    '2024-04-30T23:00:01-11:00',
    '2023-12-31T23:59:59Z',
  ],
);
const status = fc.constantFrom<TaskStatus>('enqueued', 'processing', 'succeeded', 'failed', 'canceled');
const partStatus = fc.constantFrom<PartRecord['status']>('sending', 'enqueued', 'processing', 'succeeded', 'missed');
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const taskFields: fc.Arbitrary<Partial<NewTask>> = fc.record({
  type: fc.constantFrom('indexCreation', 'settingsUpdate', 'documentDeletion'),
  indexUid: fc.constantFrom('a', 'b', 'C-1', null),
  indexId: fc.constantFrom(0, 1, null),
  status,
  phase: fc.constantFrom<TaskRecord['phase']>('sending', 'sent', 'ended'),
  canceledBy: fc.constantFrom(null, 1, 2),
  details: fc.option(fc.json()),
  enqueuedAt: instant,
  startedAt: fc.option(instant),
  finishedAt: fc.option(instant),
});
const partFields: fc.Arbitrary<Partial<NewPart>> = fc.record({
  part: fc.nat(2),
  nodeId: fc.constantFrom('n1', 'n2'),
  status: partStatus,
  counts: fc.boolean(),
  nodeTaskUid: fc.option(fc.nat(1_000_000_000)),
});
const range = fc.record({ after: optional(instant), before: optional(instant) });
const page: fc.Arbitrary<TaskPage> = fc.record({
  limit: fc.nat(6),
  from: optional(fc.nat(15)),
  reverse: optional(fc.boolean()),
  uids: optional(fc.array(fc.nat(15), { maxLength: 5 })),
  statuses: optional(fc.uniqueArray(status, { maxLength: 3 })),
  types: optional(fc.uniqueArray(fc.constantFrom('indexCreation', 'settingsUpdate', 'nothing'), { maxLength: 2 })),
  indexUids: optional(fc.uniqueArray(fc.constantFrom('a', 'b', 'c-1', 'C-1'), { maxLength: 3 })),
  canceledBy: optional(fc.uniqueArray(fc.nat(3), { maxLength: 2 })),
  enqueuedAt: optional(range),
  startedAt: optional(range),
  finishedAt: optional(range),
});

type Step =
  | { kind: 'create'; task: Partial<NewTask>; parts: Partial<NewPart>[] }
  | { kind: 'putTask'; pick: number; task: Partial<NewTask> }
  | { kind: 'putPart'; pick: number; part: Partial<NewPart> }
  | { kind: 'prune'; before: string; limit: number }
  | { kind: 'delete'; uids: number[] }
  | { kind: 'page'; page: TaskPage };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      task: taskFields,
      parts: fc.uniqueArray(partFields, { maxLength: 3, selector: (part) => part.part }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('putTask' as const), pick: fc.nat(), task: taskFields }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('putPart' as const), pick: fc.nat(), part: partFields }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const), before: instant, limit: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), uids: fc.array(fc.nat(15), { maxLength: 4 }) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('page' as const), page }) },
);

async function apply(step: Step, model: ModelStore, store: Store): Promise<void> {
  switch (step.kind) {
    case 'create': {
      const task = newTask(step.task);
      const parts = step.parts.map(newPart);
      expect(await store.createTask(task, parts, [])).toEqual(model.createTask(task, parts));
      return;
    }
    case 'putTask':
    case 'putPart': {
      const target = model.tasks[step.pick % Math.max(1, model.tasks.length)];
      if (target === undefined) return;
      if (step.kind === 'putTask') {
        const record = { ...newTask(step.task), uid: target.uid };
        model.putTask(record);
        await store.commit([{ kind: 'putTask', record }]);
        return;
      }
      const record = { ...newPart(step.part), taskUid: target.uid };
      model.putPart(record);
      await store.commit([{ kind: 'putPart', record }]);
      return;
    }
    case 'prune':
      expect(await store.pruneTasks(step.before, step.limit)).toBe(model.prune(step.before, step.limit));
      return;
    case 'delete':
      expect(await store.deleteTasks(step.uids)).toBe(model.delete(step.uids));
      return;
    case 'page':
      expect(await store.tasks(step.page)).toEqual(model.page(step.page));
      return;
  }
}

/** Random histories of tasks and parts: the store answers as the model does after each step. */
export async function agreesWithModel(open: () => Promise<Store>): Promise<void> {
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
    const store = await open();
    const model = new ModelStore();
    try {
      for (const one of steps) await apply(one, model, store);
      expect(await store.unfinishedTasks()).toEqual(model.unfinished());
      expect(await store.openParts()).toEqual(model.openParts());
      expect(await store.taskCounts()).toEqual(model.counts());
      expect((await store.taskIndexUids()).sort()).toEqual(model.indexUids());
      for (let uid = 0; uid < model.nextUid; uid++) {
        expect(await store.task(uid)).toEqual(model.tasks.find((task) => task.uid === uid) ?? null);
        expect(await store.parts(uid)).toEqual(model.partsOf(uid));
      }
    } finally {
      await store.close();
    }
  });
  await fc.assert(property, { seed: 1789, numRuns: 120 });
}
