import type { Scenario } from '../scenario.ts';
import { killNode } from './kill-node.ts';

/** Every scenario, in the order of the table of faults in docs/resilience.md. */
export const scenarios: readonly Scenario[] = [killNode];
