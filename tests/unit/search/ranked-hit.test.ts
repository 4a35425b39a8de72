import { expect, it } from 'vitest';
import { type HitView, renderHit } from '../../../src/search/merge/hit.ts';
import { hitSource } from '../../../src/search/merge/ranked-hit.ts';
import { plainView as plain } from './fixtures.ts';
import { answerOf } from './raw-hits.ts';

const hit = (added: string) =>
  `{"id":1,"_miroir_shard":"§","a":{"b":[1, 2]},"_miroir_version":"v"${added},"_rankingScoreDetails":{"x:asc":{"order":0,"value":1}}}`;

/** The only hit, read as one view asks and shown as another does. */
function shown(added: string, read: HitView, view: HitView): string | undefined {
  const answer = answerOf(`{"hits":[${hit(added)}],"query":"","limit":1,"offset":0,"estimatedTotalHits":1}`);
  const found = hitSource(answer, { view: read, primaryKey: 'id' }).next();
  return found === null ? undefined : renderHit(found.hit, view);
}

it('shows a plain document as it was written', () => {
  expect(shown('', plain, plain)).toBe('{"id":1,"a":{"b":[1, 2]}}');
});

it('shows no score that was fetched for merging only', () => {
  const scored = { ...plain, fetchedScore: true };
  expect(shown(',"_rankingScore":0.5', scored, plain)).toBe('{"id":1,"a":{"b":[1, 2]}}');
  expect(shown(',"_rankingScore":0.5', scored, { ...plain, rankingScore: true })).toContain('"_rankingScore":0.5');
});
