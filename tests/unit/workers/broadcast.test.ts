import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCopyStates } from '../../../src/placement/copies.ts';
import {
  type Broadcast,
  broadcastChanges,
  broadcastLag,
  createBroadcast,
  type Listener,
  type Membership,
  settledFirst,
} from '../../../src/workers/broadcast.ts';
import type { Update } from '../../../src/workers/messages.ts';

const ping: Update = { kind: 'ping' };
const patienceMs = 3_000;

/** A listener that keeps what it was sent and confirms it only when told to. */
function listener() {
  const got: number[] = [];
  return { got, late: vi.fn(), send: (seq: number) => void got.push(seq) };
}

/** A listener that may answer already. */
function joinAnswering(broadcast: Broadcast, one: Listener): Membership {
  const membership = broadcast.join(one);
  membership.answers();
  return membership;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a broadcast', () => {
  it('has nothing to wait for while nobody listens', () => {
    const broadcast = createBroadcast(patienceMs);
    broadcast.send(ping);
    expect(broadcast.settled()).toBeNull();
  });

  it('settles exactly when every listener that answers and is left has confirmed what was sent before', async () => {
    const step = fc.record({
      kind: fc.constantFrom('join', 'answer', 'send', 'send', 'confirm', 'confirm', 'leave', 'wait'),
      pick: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const broadcast = createBroadcast(60_000);
        const members: { membership: Membership; answers: boolean; sent: number[]; confirmed: number }[] = [];
        type Owed = Map<(typeof members)[number], number>;
        const isMet = (owed: Owed) =>
          [...owed].every(([one, seq]) => !members.includes(one) || !one.answers || one.confirmed >= seq);
        const waits: { owed: Owed; met: boolean; done: boolean }[] = [];
        for (const { kind, pick } of steps) {
          const member = members[pick % Math.max(1, members.length)];
          if (kind === 'join') {
            const sent: number[] = [];
            const membership = broadcast.join({ send: (seq) => void sent.push(seq), late: () => undefined });
            members.push({ membership, answers: false, sent, confirmed: 0 });
          } else if (kind === 'answer' && member !== undefined) {
            member.answers = true;
            member.membership.answers();
          } else if (kind === 'send') broadcast.send(ping);
          else if (kind === 'wait') {
            const owed = new Map(members.map((one) => [one, one.sent.at(-1) ?? 0]));
            const wait = { owed, met: isMet(owed), done: false };
            const settled = broadcast.settled();
            expect(settled === null).toBe(wait.met);
            void (settled ?? Promise.resolve()).then(() => {
              wait.done = true;
            });
            waits.push(wait);
          } else if (member !== undefined && kind === 'confirm') {
            const seq = member.sent[pick % Math.max(1, member.sent.length)] ?? 0;
            member.confirmed = Math.max(member.confirmed, seq);
            member.membership.applied(member.confirmed);
          } else if (member !== undefined && kind === 'leave') {
            members.splice(members.indexOf(member), 1);
            member.membership.leave();
          }
          await Promise.resolve();
          await Promise.resolve();
          for (const wait of waits) {
            wait.met ||= isMet(wait.owed);
            expect(wait.done).toBe(wait.met);
          }
        }
        for (const { membership } of members) membership.leave();
      }),
      { seed: 11 },
    );
  });

  it('calls a listener late that owes a confirmation for too long, and nobody else', () => {
    vi.useFakeTimers();
    const broadcast = createBroadcast(patienceMs);
    const [quick, slow] = [listener(), listener()];
    const quickly = joinAnswering(broadcast, quick);
    joinAnswering(broadcast, slow);
    broadcast.send(ping);
    quickly.applied(1);
    vi.advanceTimersByTime(patienceMs + 1);
    expect(quick.late).not.toHaveBeenCalled();
    expect(slow.late).toHaveBeenCalledOnce();
  });

  it('does not blame a listener that confirms one thing after another', () => {
    vi.useFakeTimers();
    const broadcast = createBroadcast(patienceMs);
    const busy = listener();
    const membership = joinAnswering(broadcast, busy);
    broadcast.send(ping);
    for (let seq = 1; seq < 10; seq++) {
      broadcast.send(ping);
      vi.advanceTimersByTime(patienceMs / 2);
      membership.applied(seq);
    }
    expect(busy.late).not.toHaveBeenCalled();
  });

  it('neither waits for a listener that does not answer yet, nor calls it late', () => {
    vi.useFakeTimers();
    const broadcast = createBroadcast(patienceMs);
    const starting = listener();
    const membership = broadcast.join(starting);
    broadcast.send(ping);
    expect(starting.got).toEqual([1]);
    expect(broadcast.settled()).toBeNull();
    vi.advanceTimersByTime(patienceMs + 1);
    expect(starting.late).not.toHaveBeenCalled();
    membership.answers();
    expect(broadcast.settled()).not.toBeNull();
    vi.advanceTimersByTime(patienceMs + 1);
    expect(starting.late).toHaveBeenCalledOnce();
  });

  it('does not blame a listener for what this process was too busy to hear', async () => {
    const broadcast = createBroadcast(20);
    const heard = listener();
    const membership = joinAnswering(broadcast, heard);
    const { port1, port2 } = new MessageChannel();
    const confirmed = new Promise<void>((resolve) => {
      port2.on('message', (seq: number) => {
        membership.applied(seq);
        resolve();
      });
    });
    broadcast.send(ping);
    port1.postMessage(1);
    for (const until = performance.now() + 60; performance.now() < until; );
    await confirmed;
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    port1.close();
    expect(heard.late).not.toHaveBeenCalled();
  });

  it('tells only of records that reads depend on', () => {
    const broadcast = createBroadcast(patienceMs);
    const told: Update[] = [];
    broadcast.join({ send: (_seq, update) => void told.push(update), late: () => undefined });
    const deletion = { kind: 'deleteKey', uid: 'k' } as const;
    const features = { kind: 'putMeta', key: 'experimentalFeatures', value: '{}' } as const;
    broadcastChanges(broadcast, [{ kind: 'putMeta', key: 'webhooks', value: '[]' }]);
    broadcastChanges(broadcast, [{ kind: 'putLeftover', nodeId: 'n', nodeTaskUid: 1 }, deletion, features]);
    expect(told).toEqual([{ kind: 'changes', changes: [deletion, features] }]);
  });

  it('tells of lag, which the store does not know', () => {
    const broadcast = createBroadcast(patienceMs);
    const told: Update[] = [];
    broadcast.join({ send: (_seq, update) => void told.push(update), late: () => undefined });
    const copies = broadcastLag(createCopyStates([], []), broadcast);
    copies.addLag(3, 'n', 1);
    expect(copies.isLagging(3, 'n')).toBe(true);
    expect(told).toEqual([{ kind: 'lag', indexId: 3, nodeId: 'n', by: 1 }]);
  });

  it('holds requests to nodes back until what led to them is known everywhere', async () => {
    const broadcast = createBroadcast(patienceMs);
    const membership = joinAnswering(broadcast, listener());
    const request = vi.fn(async () => ({ status: 200, text: '' }));
    const client = settledFirst({ id: 'n', request, close: async () => undefined }, broadcast);
    broadcast.send(ping);
    const answer = client.request({ method: 'DELETE', path: '/x' });
    await client.request({ method: 'GET', path: '/health' });
    expect(request).toHaveBeenCalledOnce();
    membership.applied(1);
    await answer;
    expect(request).toHaveBeenCalledTimes(2);
  });
});
