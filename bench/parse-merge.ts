import { sender, serve } from './serve.ts';

/**
 * `parse-merge <address>...`: a search over several nodes in the obvious way: every answer is parsed, the hits are sorted by
 * their score, what is left is serialised.
 */
interface NodeAnswer {
  hits: { _rankingScoreDetails?: Record<string, { score: number }> }[];
  estimatedTotalHits: number;
}

const nodes = process.argv.slice(2).map((target) => sender(target));
const score = (hit: NodeAnswer['hits'][number]) =>
  Object.values(hit._rankingScoreDetails ?? {}).reduce((sum, rule) => sum + rule.score, 0);

serve(async (asked) => {
  const { limit = 20, offset = 0, ...rest } = JSON.parse(asked.body) as { limit?: number; offset?: number };
  const body = JSON.stringify({ ...rest, offset: 0, limit: offset + limit, showRankingScoreDetails: true });
  const texts = await Promise.all(nodes.map((send) => send({ ...asked, body })));
  const answers = texts.map((text) => JSON.parse(text.toString()) as NodeAnswer);
  const hits = answers
    .flatMap((answer) => answer.hits)
    .sort((a, b) => score(b) - score(a))
    .slice(offset, offset + limit)
    .map(({ _rankingScoreDetails, ...shown }) => shown);
  const estimatedTotalHits = answers.reduce((sum, answer) => sum + answer.estimatedTotalHits, 0);
  return Buffer.from(JSON.stringify({ hits, query: '', processingTimeMs: 0, limit, offset, estimatedTotalHits }));
});
