import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../support/http.ts';
import { indexUid } from '../data.ts';
import { quick, type Scenario } from '../scenario.ts';

const crowd = 60;
const admitted = 8;
/** Together with those that run fewer than the 16 connections that the lab's clients share. */
const waiting = 4;

/** Row 12: far more requests than Miroir may work on. */
export const overload: Scenario = {
  name: 'overload',
  faults: `${crowd} clients without pause, where ${admitted} requests may run and ${waiting} wait`,
  passes: 'the surplus is turned away at once with a time to try again; what is let in is answered; normal afterwards',
  cluster: {
    nodes: 2,
    replicationFactor: 2,
    shards: 8,
    config: { ...quick, server: { max_concurrent_requests: admitted, max_queued_requests: waiting } },
  },
  failedSearches: 1,
  writesMayFail: true,
  async round({ lab, log, searchesBetween, fail }) {
    const path = `/indexes/${indexUid}/search`;
    const end = performance.now() + 4_000;
    const seen = { answered: 0, turnedAway: 0 };
    lab.note(`${crowd} clients come`);
    const client = async () => {
      while (performance.now() < end) {
        const answer = await send(lab, { method: 'POST', path, body: '{"q":"the","limit":200}' });
        if (answer.status === 200) seen.answered++;
        else if (answer.status === 503 && answer.headers['retry-after'] !== undefined) seen.turnedAway++;
        else fail(`an overloaded Miroir answered ${answer.status}: ${answer.text.slice(0, 100)}`);
      }
    };
    await Promise.all(Array.from({ length: crowd }, client));
    lab.note(`${seen.answered} answered, ${seen.turnedAway} turned away`);
    if (seen.turnedAway === 0) fail('nobody was turned away');
    if (seen.answered === 0) fail('nobody was answered');
    const other = log.searches.find(({ outcome, why }) => outcome === 'failed' && !why?.includes('miroir_overloaded'));
    if (other !== undefined) fail(`a search failed otherwise than by being turned away: ${other.why}`);
    const calmAgain = performance.now() + 1_000;
    await sleep(3_000);
    const late = searchesBetween(calmAgain, performance.now()).filter(({ outcome }) => outcome === 'failed');
    if (late.length > 0) fail(`${late.length} searches failed after the crowd had gone: ${late[0]?.why}`);
  },
};
