import type { KeyRecord } from '../store/records.ts';

type DefaultKey = Pick<KeyRecord, 'name' | 'description' | 'actions' | 'indexes'>;

/** The keys that a new instance has, oldest first, as a fresh Meilisearch makes them. */
export const defaultKeys: readonly DefaultKey[] = [
  {
    name: 'Default Chat API Key',
    description: 'Use it to chat and search from the frontend',
    actions: ['chatCompletions', 'search'],
    indexes: ['*'],
  },
  {
    name: 'Default Read-Only Admin API Key',
    description:
      'Use it to read information across the whole database. Caution! Do not expose this key on a public frontend',
    actions: ['*.get', 'keys.get'],
    indexes: ['*'],
  },
  {
    name: 'Default Admin API Key',
    description: 'Use it for anything that is not a search operation. Caution! Do not expose it on a public frontend',
    actions: ['*'],
    indexes: ['*'],
  },
  {
    name: 'Default Search API Key',
    description: 'Use it to search from the frontend',
    actions: ['search'],
    indexes: ['*'],
  },
];
