import { beforeAll, expect, test } from 'vitest';
import { initHash } from '../../src/placement/hash.ts';
import { simulate } from './simulate.ts';
import { Stores } from './store.ts';

beforeAll(initHash);

test('each store in memory is as new, whatever the one before it was used for', async () => {
  const stores = new Stores();
  const untouched = stores.content();
  await simulate({ seed: 1 }, stores);
  expect(stores.content()).not.toEqual(untouched);
  stores.next();
  expect(stores.content()).toEqual(untouched);
});
