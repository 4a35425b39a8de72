import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { allAtOnce, createStopping } from '../../../src/repair/signals.ts';

const forEver = (signal: AbortSignal) => sleep(3_600_000, undefined, { signal });
const nodes = Array.from({ length: 30 }, (_, i) => `n${i}`);

test('many things at once put one listener on the signal that they follow, and leave none', async () => {
  const { signal } = new AbortController();
  const seen = await allAtOnce(nodes, signal, async (node, own) => {
    await sleep(1, undefined, { signal: own });
    return [node, getEventListeners(signal, 'abort').length];
  });
  expect(seen).toEqual(nodes.map((node) => [node, 1]));
  await vi.waitFor(() => expect(getEventListeners(signal, 'abort')).toEqual([]));
});

test('the first that fails is told at once; the others go on until the signal is aborted', async () => {
  const ended: string[] = [];
  const controller = new AbortController();
  const work = (node: string, own: AbortSignal) =>
    node === 'n3' ? Promise.reject(new Error('mine')) : forEver(own).finally(() => ended.push(node));
  await expect(allAtOnce(nodes, controller.signal, work)).rejects.toThrow('mine');
  expect(ended).toEqual([]);
  controller.abort();
  await vi.waitFor(() => expect(ended).toHaveLength(nodes.length - 1));
  await expect(allAtOnce(nodes, controller.signal, (_, own) => forEver(own))).rejects.toThrow('aborted');
});

test('stopping ends every piece of work, also one that begins later', async () => {
  const stopping = createStopping();
  expect(await stopping.run(async (signal) => signal.aborted)).toBe(false);
  const pieces = nodes.map(() => stopping.run(forEver));
  expect(stopping.stopped).toBe(false);
  stopping.stop();
  expect(stopping.stopped).toBe(true);
  for (const piece of [...pieces, stopping.run(forEver)]) await expect(piece).rejects.toThrow('aborted');
});
