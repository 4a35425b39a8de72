import type { Config } from '../config/schema.ts';
import {
  type ConfigurationEdits,
  type ConfiguredTopology,
  configurationEdits,
  seedTopology,
} from '../placement/seed.ts';
import type { TopologyRecord } from '../store/records.ts';
import type { Store, StoreChange } from '../store/store.ts';
import { changeTopology } from './change.ts';

const configuredKey = 'configuredTopology';

/** The topology to run with. */
export interface LoadedTopology {
  record: TopologyRecord;
  /** What was edited in the configuration since the last start; null at the first one. */
  edits: ConfigurationEdits | null;
  /** To be committed once the edits are in force. */
  seen: StoreChange;
}

/** Read the topology, which the configuration seeds at the first start; new addresses are in force at once. */
export async function loadTopology(store: Store, config: Config): Promise<LoadedTopology> {
  const configured: ConfiguredTopology = { nodes: config.nodes, replicationFactor: config.replicationFactor };
  const seen: StoreChange = { kind: 'putMeta', key: configuredKey, value: JSON.stringify(configured) };
  const stored = await store.topology();
  if (stored === null) {
    const record = seedTopology(configured);
    await store.commit([{ kind: 'putTopology', record }, seen]);
    return { record, edits: null, seen };
  }
  const before = await store.meta(configuredKey);
  const edits = configurationEdits(
    before === null ? stored : (JSON.parse(before) as ConfiguredTopology),
    configured,
    stored,
  );
  const record = changeTopology(stored, { kind: 'addresses', addresses: edits.addresses });
  if (edits.addresses.size > 0) await store.commit([{ kind: 'putTopology', record }]);
  return { record: edits.addresses.size > 0 ? record : stored, edits, seen };
}
