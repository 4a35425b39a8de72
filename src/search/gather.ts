import type { ApiError, ErrorBody } from '../errors/api-error.ts';
import type { ExtraBudget } from '../nodes/budget.ts';
import type { ReplicaSelection, Standing } from '../nodes/replica-selection.ts';
import type { ReadLayout, readLayout } from '../placement/read-layout.ts';
import type { ClusterView } from '../placement/view.ts';
import { type Attempt, type AttemptOptions, type Finished, startAttempt } from './attempt.ts';
import { type HedgeOptions, type HedgeOutcome, hedged } from './hedge.ts';
import { planReads, type ReadPlan, type ReadPreference } from './plan.ts';
import type { ScatterRequest, ShardAnswer } from './scatter.ts';

/** What gathering needs besides what single attempts do. */
export interface GatherOptions extends AttemptOptions {
  view: () => ClusterView;
  layout: typeof readLayout;
  selection: ReplicaSelection;
  /** Milliseconds for one request; all attempts for a shard together get twice that. */
  nodeTimeoutMs: number;
  leastLoadedGroup: boolean;
  hedging: boolean;
  budget: ExtraBudget;
  metrics: { fanOut(nodes: number): void; retry(): void; hedge(outcome: HedgeOutcome): void };
}

/** Attempts per shard, the first included; hedges are not counted. */
const maxAttempts = 4;

/** A node of which nothing speaks against it, and one that may not answer at all. */
const equal: Standing = { rank: 'good', cost: 0 };
const avoided: Standing = { rank: 'suspect', cost: 0 };

/** One read in progress: what has been answered, refused and given up so far. */
export class Gathering<T> {
  readonly #options: GatherOptions;
  readonly #request: ScatterRequest<T>;
  readonly #view: ClusterView;
  readonly #held: ReadonlyMap<string, number>;
  readonly #deadline: number;
  readonly #failedNodes = new Set<string>();
  /** Those of them that did more than break a connection, so that asking again would be no use. */
  readonly #hopelessNodes = new Set<string>();
  readonly answers: ShardAnswer<T>[] = [];
  readonly refusals: { nodeId: string; error: ErrorBody; status: number }[] = [];
  readonly missing: number[] = [];
  overload: ApiError | null = null;

  constructor(options: GatherOptions, request: ScatterRequest<T>) {
    this.#options = options;
    this.#request = request;
    this.#view = options.view();
    this.#held = this.#layout().held;
    this.#deadline = options.timing.elapsed() + 2 * options.nodeTimeoutMs;
  }

  /** Asks for all shards: of the nodes that the request names, else as planned. */
  async run(): Promise<void> {
    const { shards, parts } = this.#request;
    const named = parts?.map(({ nodeId, shards: own }) => [nodeId, own] as const);
    const standings = this.#standings();
    const plan =
      named === undefined ? this.#plan(shards, this.#failedNodes, standings) : { byNode: new Map(named), missing: [] };
    this.missing.push(...plan.missing);
    this.#options.metrics.fanOut(plan.byNode.size);
    this.#lookAtSlowNodes(plan.byNode, standings);
    await Promise.all([...plan.byNode].map(([node, part]) => this.#ask(node, part, 1)));
  }

  /** Who can serve what at this moment. */
  #layout(): ReadLayout {
    return this.#options.layout(this.#view, this.#request.index);
  }

  #standings(): ReadonlyMap<string, Standing> {
    const nodes: string[] = [];
    for (const group of this.#view.groups()) nodes.push(...this.#view.nodes(group));
    return this.#options.selection.standings(nodes);
  }

  #plan(
    shards: readonly number[],
    excluded: ReadonlySet<string> = this.#failedNodes,
    standings = this.#standings(),
  ): ReadPlan {
    const { index, startGroup } = this.#request;
    const { leastLoadedGroup } = this.#options;
    const preference: ReadPreference = this.#request.steady
      ? { standing: (id) => (standings.get(id)?.rank === 'suspect' ? avoided : equal), leastLoadedGroup: false }
      : { standing: (id) => standings.get(id) ?? equal, leastLoadedGroup };
    return planReads(this.#view, index, shards, startGroup, excluded, preference, this.#layout());
  }

  /** Half of the time left while another attempt may follow. */
  #timeout(attempt: number): number {
    const left = this.#deadline - this.#options.timing.elapsed();
    const share = attempt < maxAttempts ? left / 2 : left;
    return Math.max(1, Math.ceil(Math.min(this.#options.nodeTimeoutMs, share)));
  }

  #start(nodeId: string, shards: readonly number[], attempt: number): Attempt<T> {
    const holdsNoMore = () => this.#layout().held.get(nodeId) === shards.length;
    const whole = this.#held.get(nodeId) === shards.length;
    const timeoutMs = this.#timeout(attempt);
    // kept connections may all be as dead as the one that broke
    const ownConnection = this.#failedNodes.has(nodeId);
    return startAttempt(this.#options, this.#request, { nodeId, shards, whole, holdsNoMore, timeoutMs, ownConnection });
  }

  async #ask(nodeId: string, shards: readonly number[], attempt: number): Promise<void> {
    if (attempt === 1) this.#options.budget.earn();
    const first = this.#start(nodeId, shards, attempt);
    const all = await this.#hedge(first, attempt);
    const done = all.filter((finished) => this.#take(finished));
    if (done.some((finished) => finished.shards === shards)) return;
    const answered = new Set(done.flatMap((finished) => finished.shards));
    const left = shards.filter((shard) => !answered.has(shard));
    const overload = all.some(({ outcome }) => outcome.kind === 'failed' && outcome.overload !== null);
    if (left.length > 0) await this.#goOn(left, attempt, overload);
  }

  /** Parts that the request names are bound to their nodes, so nobody else is asked while these may answer. */
  #hedge(first: Attempt<T>, attempt: number): Promise<Finished<T>[]> {
    if (this.#request.parts !== undefined) return first.finished.then((finished) => [finished]);
    return hedged(first, {
      timing: this.#options.timing,
      delay: this.#options.selection.hedgeDelay(first.nodeId),
      startOthers: () => this.#startOthers(first, attempt),
      count: this.#options.metrics.hedge,
    });
  }

  #startOthers({ nodeId, shards }: Attempt<T>, attempt: number): ReturnType<HedgeOptions<T>['startOthers']> {
    const { hedging, budget } = this.#options;
    const standings = this.#standings();
    const own = standings.get(nodeId)?.rank;
    // waiting for a node that is out already is a failure of its own, so going elsewhere is failover
    const out = own === 'suspect' || !this.#view.up(nodeId);
    // a node that is late once is still better than one that is slow
    const trusted = own === 'good' && !out;
    const worse = [...standings].flatMap(([id, { rank }]) =>
      rank === 'suspect' || (rank === 'slow' && trusted) ? [id] : [],
    );
    const plan = this.#plan(shards, new Set([...this.#failedNodes, ...worse, nodeId]));
    if (plan.missing.length > 0) return trusted ? 'not_allowed' : 'impossible';
    if (!out && (!hedging || this.#request.steady)) return 'not_allowed';
    if (!out && !budget.take(plan.byNode.size)) return 'over_budget';
    return [...plan.byNode].map(([node, part]) => this.#start(node, part, attempt));
  }

  /** Keeps what came; says whether the shards are done with. */
  #take({ nodeId, shards, outcome }: Finished<T>): boolean {
    if (outcome.kind === 'answer') this.answers.push({ nodeId, shards, value: outcome.value });
    else if (outcome.kind === 'refused') this.refusals.push({ nodeId, error: outcome.error, status: outcome.status });
    else {
      this.overload ??= outcome.overload;
      this.#failedNodes.add(nodeId);
      if (!outcome.cut) this.#hopelessNodes.add(nodeId);
    }
    return outcome.kind !== 'failed';
  }

  /** Other copies first; where a shard has no other one, the node whose connection broke is asked over a new one. */
  #planAgain(shards: readonly number[]): ReadPlan {
    const { byNode, missing } = this.#plan(shards);
    const again = this.#plan(missing, this.#hopelessNodes);
    return { byNode: new Map([...byNode, ...again.byNode]), missing: again.missing };
  }

  /** Failover: to other copies, which is free unless the nodes are merely overloaded, when it could make things worse. */
  async #goOn(shards: readonly number[], attempt: number, overload: boolean): Promise<void> {
    const { timing, budget, metrics } = this.#options;
    const plan = this.#planAgain(shards);
    const late = attempt >= maxAttempts || timing.elapsed() >= this.#deadline;
    if (late || (overload && !budget.take(plan.byNode.size))) {
      this.missing.push(...shards);
      return;
    }
    metrics.retry();
    this.missing.push(...plan.missing);
    await Promise.all([...plan.byNode].map(([node, part]) => this.#ask(node, part, attempt + 1)));
  }

  /** Sends a copy of this read to a node that is avoided, to learn how it does; nobody waits for the answer. */
  #lookAtSlowNodes(planned: ReadonlyMap<string, readonly number[]>, standings: ReadonlyMap<string, Standing>): void {
    const { selection, budget } = this.#options;
    for (const [nodeId, { rank }] of standings) {
      if (rank !== 'slow' || planned.has(nodeId)) continue;
      const shards = this.#sharesOf(nodeId);
      if (shards.length === 0 || !selection.probeDue(nodeId) || !budget.take(1)) continue;
      this.#start(nodeId, shards, 1);
    }
  }

  /** The shards of this read that the node could answer. */
  #sharesOf(nodeId: string): number[] {
    const { index, shards } = this.#request;
    if (!this.#view.up(nodeId)) return [];
    const group = this.#view.groups().find((g) => this.#view.nodes(g).includes(nodeId));
    if (group === undefined) return [];
    return shards.filter(
      (shard) => this.#view.copies(index, group, shard).includes(nodeId) && this.#view.inSync(index, shard, nodeId),
    );
  }
}
