import { describe, expect, it } from 'vitest';
import { type ConfiguredTopology, configurationEdits, seedTopology } from '../../../src/placement/seed.ts';

const configured = (ids: string[], replicationFactor = 1, group = 0): ConfiguredTopology => ({
  nodes: ids.map((id) => ({ id, address: `http://${id}:7700`, group })),
  replicationFactor,
});

describe('what was edited in the configuration', () => {
  const before = configured(['a', 'b']);
  const present = seedTopology(before);

  it('is nothing when the file says what it said before, whatever became of the cluster meanwhile', () => {
    const grown = { ...present, nodes: seedTopology(configured(['a', 'b', 'c'])).nodes, replicationFactor: 2 };
    const edits = configurationEdits(before, before, grown);
    expect(edits).toEqual({ added: [], removed: [], replicationFactor: null, addresses: new Map() });
  });

  it('is what was added, taken away and changed since', () => {
    const edits = configurationEdits(before, configured(['b', 'c'], 2), present);
    expect(edits.added.map((node) => node.id)).toEqual(['c']);
    expect(edits.removed).toEqual(['a']);
    expect(edits.replicationFactor).toBe(2);
  });

  it('does not bring in twice what the admin API has brought in, nor take out what is gone', () => {
    const grown = seedTopology(configured(['a', 'c']));
    const edits = configurationEdits(before, configured(['a', 'c']), grown);
    expect([edits.added, edits.removed]).toEqual([[], []]);
  });

  it('tells new addresses', () => {
    const moved = { ...before, nodes: [{ id: 'a', address: 'http://elsewhere:1', group: 0 }, before.nodes[1]!] };
    expect(configurationEdits(before, moved, present).addresses).toEqual(new Map([['a', 'http://elsewhere:1']]));
  });

  it('cannot be the group of a node', () => {
    expect(() => configurationEdits(before, configured(['a', 'b'], 1, 1), present)).toThrow(
      'do not change their group',
    );
  });
});
