import { initHash } from '../../src/placement/hash.ts';
import { simulate } from './simulate.ts';

/** One process of `pool.ts`: simulates the schedules whose seeds it is sent, one after the other, and sends back what they came to. */
await initHash();
process.on('message', async (seed: number) => {
  process.send!(await simulate({ seed }));
});
