import { AggregatorRegistry } from 'prom-client';

/** Metrics as prom-client gives them. */
type Measured = object[];

/** What workers measured, those that have ended included: counters must not go back because a worker was replaced. */
export interface Measurements {
  /** A worker told its metrics. */
  note(worker: number, metrics: Measured): void;
  /** It will tell no more. */
  ended(worker: number): void;
  /** One list for each worker that runs, as it last told, and one for all others. */
  all(): Promise<Measured[]>;
}

/** Gauges say how things are, and a worker that has ended is no more. */
const lasts = (metric: object) => (metric as { type?: string }).type !== 'gauge';

/** Nothing was measured yet. */
export function createMeasurements(): Measurements {
  const running = new Map<number, Measured>();
  /** Of workers that have ended; added up when they are next asked for. */
  const past: Measured[] = [];
  /** One after another, as two would count the same twice. */
  let adding: Promise<void> = Promise.resolve();

  async function addUp(): Promise<void> {
    const count = past.length;
    if (count > 1) past.splice(0, count, await AggregatorRegistry.aggregate([...past]).getMetricsAsJSON());
  }

  return {
    note: (worker, metrics) => void running.set(worker, metrics),
    ended(worker) {
      past.push((running.get(worker) ?? []).filter(lasts));
      running.delete(worker);
    },
    async all() {
      adding = adding.then(addUp, addUp);
      await adding;
      return [...past, ...running.values()];
    },
  };
}
