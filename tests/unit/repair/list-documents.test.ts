import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeRequest } from '../../../src/nodes/client.ts';
import { listDocuments, resumeAt } from '../../../src/repair/list-documents.ts';
import { indexRecord } from '../store/records.ts';

/** A node's list: documents in slots, in which deletions leave holes that additions fill first. */
class SlottedNode {
  readonly id = 'n';
  slots: (string | null)[] = [];
  constructor(private readonly between: (node: SlottedNode) => void) {}

  add(id: string): void {
    const free = this.slots.indexOf(null);
    if (free === -1) this.slots.push(id);
    else this.slots[free] = id;
  }

  delete(id: string): void {
    const at = this.slots.indexOf(id);
    if (at !== -1) this.slots[at] = null;
  }

  async request(request: NodeRequest) {
    const { offset, limit } = JSON.parse(String(request.body)) as { offset: number; limit: number };
    const all = this.slots.filter((id) => id !== null);
    const results = all.slice(offset, offset + limit).map((id) => `{"id":"${id}"}`);
    this.between(this);
    return {
      status: 200,
      text: `{"results":[${results.join(',')}],"offset":${offset},"limit":${limit},"total":${all.length}}`,
    };
  }
}

const changes = fc.array(
  fc.record({
    remove: fc.array(fc.nat(1_999), { maxLength: 120 }),
    from: fc.nat(1_900),
    run: fc.nat(90),
    add: fc.nat(60),
  }),
  { maxLength: 12 },
);

test('every document that stays is listed, whatever comes and goes in between', async () => {
  await fc.assert(
    fc.asyncProperty(changes, fc.integer({ min: 500, max: 40_000 }), async (script, pageBytes) => {
      const touched = new Set<string>();
      let step = 0;
      let fresh = 0;
      const node = new SlottedNode((self) => {
        const change = script[step++];
        if (change === undefined) return;
        const run = Array.from({ length: change.run }, (_, i) => change.from + i);
        for (const one of [...change.remove, ...run]) {
          touched.add(String(one));
          self.delete(String(one));
        }
        for (let i = 0; i < change.add; i++) {
          const id = `new-${fresh++}`;
          touched.add(id);
          self.add(id);
        }
        // some of the deleted come back, in other places
        for (const one of change.remove.slice(0, 20)) self.add(String(one));
      });
      for (let i = 0; i < 2_000; i++) node.add(String(i));
      const seen = new Set<string>();
      const list = listDocuments({
        client: node,
        index: indexRecord(1),
        primaryKey: 'id',
        shards: [0],
        pageBytes,
        timeoutMs: 1_000,
        signal: new AbortController().signal,
        throttle: async () => undefined,
      });
      for await (const page of list) for (const { id } of page) seen.add(id);
      const stayed = Array.from({ length: 2_000 }, (_, i) => String(i)).filter((id) => !touched.has(id));
      expect(stayed.filter((id) => !seen.has(id))).toEqual([]);
    }),
    { seed: 6, numRuns: 120 },
  );
});

test('reading goes on behind the first run of what was read', () => {
  const read = new Set(['a', 'b', 'c']);
  expect(resumeAt(['c', 'd'], read)).toBe(1);
  expect(resumeAt(['b', 'x', 'c', 'd'], read)).toBe(1);
  expect(resumeAt(['a', 'b', 'c'], read)).toBe(3);
  expect(resumeAt(['d', 'a'], read)).toBeNull();
  expect(resumeAt([], read)).toBeNull();
});
