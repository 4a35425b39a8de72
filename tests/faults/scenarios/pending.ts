/** Scenarios that wait for a part of Miroir that is not built yet, and for which. They run when named with `--scenario`. */
export const needs: Readonly<Record<string, 'repair' | 'hedging' | 'reconciliation'>> = {
  'kill-node': 'repair',
  'group-lost': 'repair',
  'hang-node': 'repair',
  flap: 'repair',
  'empty-disk': 'repair',
  'older-disk': 'repair',
  'slow-copy': 'hedging',
  'crash-miroir': 'reconciliation',
  'store-full': 'reconciliation',
  'settings-timeout': 'repair',
  'bad-write-answers': 'repair',
  'node-disk-full': 'repair',
  grow: 'repair',
  factor: 'repair',
};
