import type { Caller } from '../../src/keys/caller.ts';
import type { TaskStatus, TopologyRecord } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';
import type { WriteOp, WriteRecord } from '../invariants/history.ts';
import type { TaskSighting } from '../invariants/invariants.ts';
import { createRng, type Rng } from '../support/rng.ts';
import { checkQuiet } from './check.ts';
import { createFaults, type Faults, faultsForMs } from './faults.ts';
import type { Line } from './network.ts';
import { type SimMiroir, startSimMiroir } from './sim-miroir.ts';
import { SimNode } from './sim-node.ts';
import { Stores } from './store.ts';
import { installVirtualTime, type VirtualTime } from './virtual-time.ts';

/** What to simulate. */
export interface SimulationOptions {
  seed: number;
  /** Makes the store lie to Miroir, to see that what comes of it is found. */
  spoil?(store: Store): Store;
}

/** What a schedule came to. */
export interface SimulationResult {
  seed: number;
  /** What does not hold. */
  findings: string[];
  acknowledged: number;
  /** What happened when, in virtual ms. */
  events: string[];
}

const nodeCount = 5;
const clients = 3;
const writesPerClient = 7;
const idCount = 6;
const indexUid = 'sim';
/** Virtual milliseconds: how long everything may take to become quiet after the faults. */
const quietWithinMs = 300_000;
const giveUpAfterMs = 3_600_000;

const everybody: Caller = {
  allowsIndex: () => true,
  indexPatterns: null,
  may: () => true,
  tenantFilter: () => null,
};
const ids = Array.from({ length: idCount }, (_, i) => `doc-${i}`);

/** One schedule: a cluster, its clients, what happens to them, and what was seen. */
class Simulation {
  readonly #time: VirtualTime;
  readonly #rng: Rng;
  readonly #store: Store;
  readonly #options: SimulationOptions;
  readonly #nodes: SimNode[];
  readonly #lines: Map<string, Line>;
  readonly #faults: Faults;
  readonly #topology: TopologyRecord;
  readonly #writes: WriteRecord[] = [];
  readonly #sightings: TaskSighting[] = [];
  readonly #events: string[] = [];
  #miroir: SimMiroir | null = null;

  constructor(options: SimulationOptions, time: VirtualTime, rng: Rng, store: Store) {
    this.#options = options;
    this.#time = time;
    this.#rng = rng;
    this.#store = store;
    this.#nodes = Array.from({ length: nodeCount }, (_, i) => new SimNode(`n${i}`, time, rng));
    this.#lines = new Map(this.#nodes.map((node) => [node.id, { loss: 0, hung: false }]));
    const groups = rng.chance(0.3) ? 2 : 1;
    this.#topology = {
      version: 1,
      replicationFactor: groups === 2 ? 1 : 2 + rng.int(2),
      nodes: this.#nodes.map(({ id }, i) => ({
        id,
        address: `http://${id}`,
        group: i % groups,
        slot: id,
        state: 'active',
      })),
      retired: [],
    };
    this.#faults = createFaults({
      time,
      rng,
      nodes: this.#nodes,
      lines: this.#lines,
      miroir: () => this.#miroir,
      crashMiroir: () => {
        this.#miroir?.crash();
        this.#miroir = null;
      },
      startMiroir: () => this.#startMiroir(),
      note: (what) => this.#note(what),
    });
  }

  async run(): Promise<SimulationResult> {
    await this.#startMiroir();
    const writing = Promise.all(Array.from({ length: clients }, (_, i) => this.#client(i)));
    await this.#faults.run();
    this.#faults.heal();
    await writing;
    const quiet = await this.#becomeQuiet();
    const findings = quiet ? [] : [`not quiet ${quietWithinMs / 1_000} s after the last fault`];
    findings.push(
      ...checkQuiet({
        ids,
        index: this.#miroir!.catalog.visible(indexUid),
        view: this.#miroir!.view,
        copies: this.#miroir!.copies,
        topology: this.#topology,
        nodes: this.#nodes,
        writes: this.#writes,
        sightings: this.#sightings,
      }),
    );
    this.#miroir?.crash();
    const acknowledged = this.#writes.filter(({ outcome }) => outcome === 'acknowledged').length;
    return { seed: this.#options.seed, findings, acknowledged, events: this.#events };
  }

  #note(what: string): void {
    this.#events.push(`${this.#time.now().toFixed(0)} ms: ${what}`);
  }

  async #startMiroir(): Promise<void> {
    this.#miroir = await startSimMiroir({
      store: this.#options.spoil?.(this.#store) ?? this.#store,
      topology: this.#topology,
      nodes: this.#nodes,
      lines: this.#lines,
      time: this.#time,
      rng: this.#rng,
      onOtherDisk: (nodeId) => this.#faults.diskNoticed(nodeId),
    });
  }

  /** Writes one after the other, with pauses; a write is given up when its Miroir dies. */
  async #client(number: number): Promise<void> {
    for (let i = 0; i < writesPerClient; i++) {
      await this.#time.sleep(this.#rng.int((2 * faultsForMs) / writesPerClient));
      await this.#record(number, this.#randomOp(number * 1_000 + i));
    }
  }

  async #record(client: number, op: WriteOp): Promise<void> {
    const record: WriteRecord = {
      op,
      startedAt: this.#time.now(),
      endedAt: Number.POSITIVE_INFINITY,
      outcome: 'unknown',
      taskUid: null,
      status: null,
    };
    this.#writes.push(record);
    Object.assign(record, await this.#write(op), { endedAt: this.#time.now() });
    this.#note(`client ${client}: ${op.kind} ${record.outcome} ${record.taskUid ?? record.error ?? ''}`);
  }

  #randomOp(n: number): WriteOp {
    const some = this.#rng.sample(ids, 1 + this.#rng.int(4));
    const roll = this.#rng.next();
    if (roll < 0.5) return { kind: 'replace', documents: some.map((id) => ({ id, n, text: `written ${n}` })) };
    if (roll < 0.75) return { kind: 'update', documents: some.map((id) => ({ id, [`field${n % 3}`]: n })) };
    return { kind: 'delete', ids: some };
  }

  async #write(op: WriteOp): Promise<Partial<WriteRecord>> {
    const miroir = this.#miroir;
    if (miroir === null) return { outcome: 'refused', error: 'Miroir is down' };
    const died = async () => {
      while (this.#miroir === miroir) await this.#time.sleep(50);
      throw new Error('the connection was lost');
    };
    try {
      const answer = await Promise.race([this.#ask(miroir, op), died()]);
      return { outcome: 'acknowledged', taskUid: answer.summary.taskUid };
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      const refused = code === 'miroir_shard_unavailable';
      return { outcome: refused ? 'refused' : 'unknown', error: message };
    }
  }

  #ask({ documents }: SimMiroir, op: WriteOp) {
    if (op.kind === 'delete') return documents.deleteByIds(indexUid, op.ids);
    if (op.kind === 'deleteWhere') throw new Error('nodes of the simulation know no filters');
    const payload = { format: 'json' as const, body: Buffer.from(JSON.stringify(op.documents)), csvDelimiter: null };
    return documents.add(indexUid, op.kind, payload, 'id', everybody);
  }

  async #lookAtTasks(): Promise<void> {
    for (const { uid, status } of (await this.#store.tasks({ limit: 1_000 })).records) {
      this.#sightings.push({ uid, status });
      const write = this.#writes.find((one) => one.taskUid === uid);
      if (write !== undefined) write.status = status;
    }
  }

  /** Whether everything came to rest in time: tasks ended, nodes idle and in use, all copies whole. */
  async #becomeQuiet(): Promise<boolean> {
    const open = (status: TaskStatus) => status === 'enqueued' || status === 'processing';
    for (const until = this.#time.now() + quietWithinMs; this.#time.now() < until; ) {
      await this.#time.sleep(500);
      await this.#lookAtTasks();
      const statuses = new Map(this.#sightings.map(({ uid, status }) => [uid, status]));
      const { view, copies } = this.#miroir!;
      const idle = this.#nodes.every((node) => node.open === 0 && view.up(node.id));
      if (idle && copies.stale().length === 0 && ![...statuses.values()].some(open)) return true;
    }
    return false;
  }
}

const sharedStores = new Stores();

/** Run one schedule; only one runs at a time. The same seed gives the same events and the same result. */
export async function simulate(options: SimulationOptions, stores = sharedStores): Promise<SimulationResult> {
  const rng = createRng(options.seed);
  const time = installVirtualTime(() => rng.next());
  try {
    const result = new Simulation(options, time, rng, stores.next()).run();
    return await time.run(result, giveUpAfterMs);
  } finally {
    time.uninstall();
  }
}
