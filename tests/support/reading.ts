import { createExtraBudget } from '../../src/nodes/budget.ts';
import { createReplicaSelection } from '../../src/nodes/replica-selection.ts';
import { machineTime, type Timing } from '../../src/nodes/timing.ts';
import { readLayout } from '../../src/placement/read-layout.ts';
import type { ScatterOptions } from '../../src/search/scatter.ts';

/** What a scatter needs for choosing copies, as configured by default, over nodes that all are well. */
export function steadyReading(
  timing: Timing = machineTime,
): Pick<ScatterOptions, 'layout' | 'timing' | 'selection' | 'leastLoadedGroup' | 'hedging' | 'budget'> {
  const selection = createReplicaSelection({
    timing,
    suspect: () => false,
    adaptive: true,
    minDifference: 20,
    probeInterval: 2_000,
    minHedgeDelay: 20,
  });
  return {
    layout: readLayout,
    timing,
    selection,
    leastLoadedGroup: false,
    hedging: true,
    budget: createExtraBudget(10),
  };
}
