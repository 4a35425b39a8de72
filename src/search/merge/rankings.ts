import { type ByteText, bufferOf, byteText, textOf } from '../../json/byte-text.ts';
import { parseRanking, type Ranking } from './order.ts';

/** Rankings kept at most; then all are forgotten. */
const most = 1_000;
/** Bytes of details from which on nothing is kept: what they hold is hardly met again. */
const longest = 1_000;
const known = new Map<string, Ranking>();

/**
 * `parseRanking` of details as a node wrote them, remembering what it has read: rankings by words are few, and the same ones come
 * again on every node and in every search.
 */
export function rankingOf(details: ByteText): Ranking {
  const found = known.get(details);
  if (found !== undefined) return found;
  const ranking = parseRanking(textOf(details));
  if (details.length > longest) return ranking;
  if (known.size >= most) known.clear();
  // a copy, as a piece would keep the whole answer alive that it was cut from
  known.set(byteText(bufferOf(details)), ranking);
  return ranking;
}
