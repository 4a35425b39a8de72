import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, isRunning } from '../../support/processes.ts';
import { type Lab, waitFor } from '../lab.ts';
import { quick, type Scenario } from '../scenario.ts';

const workers = 3;

const workersOf = (lab: Lab) => childrenOf(lab.miroir.pid);

/** Whether all workers run, and this one is not among them. */
const isReplaced = (lab: Lab, pid: number) => async () => {
  const running = workersOf(lab);
  return running.length === workers && !running.includes(pid);
};

/** Worker processes die and hang, beside a node; what they answer must stay as if there were one process. */
export const killWorkers: Scenario = {
  name: 'kill-workers',
  faults: 'SIGKILL a worker process, SIGSTOP another, SIGKILL a node, then Miroir itself; `server.workers` is 3',
  passes: 'each worker is replaced; no answer is behind an acknowledged write; no worker outlives Miroir',
  cluster: { nodes: 3, replicationFactor: 2, shards: 12, config: { ...quick, server: { workers } } },
  load: { retry: true },
  miroirGoes: true,
  async round({ lab, fail }) {
    const [first] = workersOf(lab);
    lab.note('kill a worker');
    process.kill(first!, 'SIGKILL');
    if (!(await waitFor(isReplaced(lab, first!), 10_000))) fail('a killed worker was not replaced');
    const [second] = workersOf(lab);
    lab.note('stop a worker');
    process.kill(second!, 'SIGSTOP');
    if (!(await waitFor(isReplaced(lab, second!), 20_000))) fail('a worker that hung was not replaced');
    const node = lab.rng.pick(lab.nodes);
    lab.note(`kill ${node.id}`);
    await node.kill();
    await sleep(2_000);
    await node.start();
    await sleep(1_500);
    const left = workersOf(lab);
    lab.note('kill Miroir');
    await lab.miroir.stop('SIGKILL');
    const gone = await waitFor(async () => !left.some(isRunning), 5_000);
    if (!gone) fail('workers outlive Miroir');
    await lab.miroir.restart();
    await sleep(1_000);
  },
};
