import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Admission, createAdmission } from '../../../src/http/admission.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

interface Guest {
  connection: EventEmitter;
  outcome: 'waiting' | 'in' | 'refused' | 'done';
}

function arrive(admission: Admission, onIn: (guest: Guest) => void): Guest {
  const guest: Guest = { connection: new EventEmitter(), outcome: 'waiting' };
  admission.enter(guest.connection).then(
    () => {
      guest.outcome = 'in';
      onIn(guest);
    },
    () => {
      guest.outcome = 'refused';
    },
  );
  return guest;
}

const step = fc.record({ kind: fc.constantFrom('enter', 'enter', 'enter', 'leave', 'leave', 'close'), pick: fc.nat() });

describe('admission', () => {
  it('never lets in more than fit, keeps the order, and serves everybody who stays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const told: [number, number][] = [];
        const onChange = (...numbers: [number, number]) => told.push(numbers);
        const admission = createAdmission({ places: 3, queue: 4, waitMs: 60_000, onChange });
        const guests: Guest[] = [];
        const order: Guest[] = [];
        const of = (outcome: Guest['outcome']) => guests.filter((guest) => guest.outcome === outcome);
        const leave = (guest: Guest | undefined) => {
          if (guest === undefined) return;
          guest.outcome = 'done';
          admission.leave();
        };
        for (const { kind, pick } of steps) {
          const full = of('in').length === 3 && of('waiting').length === 4;
          if (kind === 'enter') guests.push(arrive(admission, (guest) => order.push(guest)));
          else if (kind === 'leave') leave(of('in')[pick % Math.max(1, of('in').length)]);
          else of('waiting')[pick % Math.max(1, of('waiting').length)]?.connection.emit('close');
          await settle();
          if (kind === 'enter') expect(guests.at(-1)?.outcome === 'refused').toBe(full);
          expect([admission.inFlight, admission.waiting]).toEqual([of('in').length, of('waiting').length]);
          if (of('waiting').length > 0) expect(of('in').length).toBe(3);
        }
        while (of('in').length > 0) {
          leave(of('in')[0]);
          await settle();
        }
        expect([admission.inFlight, admission.waiting, of('waiting').length]).toEqual([0, 0, 0]);
        const arrivals = order.map((guest) => guests.indexOf(guest));
        expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
        for (const { connection } of guests) expect(connection.listenerCount('close')).toBe(0);
        for (const [inFlight, waiting] of told) {
          expect(inFlight).toBeLessThanOrEqual(3);
          expect(waiting).toBeLessThanOrEqual(4);
        }
      }),
      { seed: 20, numRuns: 300 },
    );
  });

  it('says why it refuses and when to come back', async () => {
    const admission = createAdmission({ places: 1, queue: 1, waitMs: 20 });
    await admission.enter(new EventEmitter());
    const waiting = admission.enter(new EventEmitter());
    const refusal = (reason: string) => ({
      code: 'miroir_overloaded',
      status: 503,
      message: `Too many requests are running at the same time: 1. ${reason} Retry after 1s.`,
      headers: { 'Retry-After': '1' },
    });
    await expect(admission.enter(new EventEmitter())).rejects.toMatchObject(
      refusal('The line of 1 that wait is full.'),
    );
    await expect(waiting).rejects.toMatchObject(refusal('None of them ended in 20 ms.'));
    admission.leave();
    await admission.enter(new EventEmitter());
  });
});
