import { loadCorpus } from '../tests/parity/suites/load.ts';
import { type Cluster, startCluster } from '../tests/support/cluster.ts';
import type { Corpus } from '../tests/support/corpus.ts';
import { type Server, write } from '../tests/support/http.ts';
import { type Oracle, startOracle } from '../tests/support/oracle.ts';

/** Seconds until a corpus is indexed, one figure for each round. */
export interface IndexingSeconds {
  /** By one node. */
  single: number[];
  /** Through Miroir by three nodes. */
  miroir: number[];
  /** By three nodes that get a third each, with nothing in front of them. */
  direct: number[];
}

/** Documents that each of three nodes gets of one of the corpus' batches. */
const thirdOfBatch = 1_667;

async function secondsOf(load: () => Promise<unknown>): Promise<number> {
  const at = performance.now();
  await load();
  return (performance.now() - at) / 1_000;
}

/**
 * Loads some documents and deletes them again. The compiler needs some batches to be done with Miroir, and memory that was let go is
 * slow to get again where the host of a virtual machine takes it back: a second for each gigabyte, of which nodes take some at first.
 */
async function warmUp(server: Server, corpus: Corpus): Promise<void> {
  const uid = 'warm-up';
  await loadCorpus(server, { ...corpus, uid, documents: corpus.documents.slice(0, 5_000) }, 1_000);
  await write(server, { method: 'DELETE', path: `/indexes/${uid}` });
}

async function loadWhole(server: Server, corpus: Corpus): Promise<number> {
  await warmUp(server, corpus);
  return secondsOf(() => loadCorpus(server, corpus));
}

async function loadDirectly(corpus: Corpus): Promise<number> {
  const nodes = await Promise.all([startOracle(), startOracle(), startOracle()]);
  await Promise.all(nodes.map((node) => warmUp(node, corpus)));
  const part = (i: number) => corpus.documents.filter((_, at) => at % nodes.length === i);
  const seconds = await secondsOf(() =>
    Promise.all(nodes.map((node, i) => loadCorpus(node, { ...corpus, documents: part(i) }, thirdOfBatch))),
  );
  await Promise.all(nodes.map((node) => node.stop()));
  return seconds;
}

/** Loads the corpus in rounds in which the sides take turns; the servers of the last round are left to be searched. */
export async function measureIndexing(
  corpus: Corpus,
  rounds: number,
): Promise<{ seconds: IndexingSeconds; single: Oracle; cluster: Cluster }> {
  const seconds: IndexingSeconds = { single: [], miroir: [], direct: [] };
  for (let round = 1; ; round++) {
    seconds.direct.push(await loadDirectly(corpus));
    const single = await startOracle();
    seconds.single.push(await loadWhole(single, corpus));
    const cluster = await startCluster({ nodes: 3, miroir: 'child' });
    seconds.miroir.push(await loadWhole(cluster, corpus));
    if (round === rounds) return { seconds, single, cluster };
    await Promise.all([single.stop(), cluster.stop()]);
  }
}
