import type { Scenario } from '../scenario.ts';
import { badAnswers, badWriteAnswers } from './bad-answers.ts';
import { crashMiroir } from './crash-miroir.ts';
import { emptyDisk, olderDisk } from './empty-disk.ts';
import { flap } from './flap.ts';
import { groupLost } from './group-lost.ts';
import { hangNode } from './hang-node.ts';
import { killNode } from './kill-node.ts';
import { killWorkers } from './kill-workers.ts';
import { factor, groups, grow } from './moves.ts';
import { noCopies } from './no-copies.ts';
import { nodeDiskFull } from './node-disk-full.ts';
import { overload } from './overload.ts';
import { reshard } from './reshard.ts';
import { settingsRefused, settingsTimeout } from './settings.ts';
import { slowCopy } from './slow-copy.ts';
import { storeFull, storeLocked } from './store.ts';

/** Nodes, or their data, are away for a while. */
export const nodesGone: readonly Scenario[] = [
  killNode,
  noCopies,
  groupLost,
  hangNode,
  flap,
  emptyDisk,
  olderDisk,
  nodeDiskFull,
];

/** Miroir or its store breaks, or nodes are there and behave badly. */
export const allThere: readonly Scenario[] = [
  slowCopy,
  crashMiroir,
  killWorkers,
  storeFull,
  storeLocked,
  settingsRefused,
  settingsTimeout,
  badAnswers,
  badWriteAnswers,
  overload,
  grow,
  factor,
  groups,
  reshard,
];

/** Every scenario, in the order of the table in docs/resilience.md. */
export const scenarios: readonly Scenario[] = [...nodesGone, ...allThere];
