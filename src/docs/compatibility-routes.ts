/** How Miroir stands to something that Meilisearch offers. */
export type State =
  /** As one Meilisearch does it. */
  | 'same'
  /** Offered; the note says what is different. */
  | 'differs'
  /** Understood and answered with `code`; the note says why. */
  | 'refused'
  /** Came after Meilisearch 1.21, and is answered as 1.21 does: it does not know it. */
  | 'newer';

/** A row of the compatibility page; the tests check each against a running Miroir. */
export interface Row {
  state: State;
  note?: string;
  /** First version of Meilisearch that has it, where that is later than 1.0. */
  since?: string;
  /** Code of the refusal; `miroir_not_supported` when absent. */
  code?: string;
}

/** One method of one path. */
export interface RouteRow extends Row {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
}

type Extra = Omit<Row, 'state'>;

function rows(path: string, methods: readonly RouteRow['method'][], state: State = 'same', extra: Extra = {}) {
  return methods.map((method): RouteRow => ({ method, path, state, ...extra }));
}

const chats: Extra = {
  since: '1.16',
  note: 'Conversations with a language model; Miroir only searches. Put your own service in front.',
};
const network: Extra = { since: '1.13', note: 'Miroir spreads every index over its nodes itself.' };
const rules: Extra = { since: '1.41' };
const metrics: Extra = { since: '1.3', note: "Miroir's own metrics, also on the port of `metrics.port`." };

/** Every route of Meilisearch 1.21 except those of single settings, then those that came later. */
export const routeRows: readonly RouteRow[] = [
  ...rows('/', ['GET'], 'differs', { note: 'No dashboard: always the line of production mode.' }),
  ...rows('/health', ['GET']),
  ...rows('/version', ['GET'], 'differs', { note: 'The lowest version among the nodes.' }),
  ...rows('/stats', ['GET'], 'differs', {
    note: 'Each document counts once; sizes are those of one copy of each shard.',
  }),
  ...rows('/indexes', ['GET', 'POST']),
  ...rows('/indexes/{uid}', ['GET', 'PATCH', 'DELETE']),
  ...rows('/indexes/{uid}/stats', ['GET'], 'differs', {
    note: 'Each document counts once; sizes are those of one copy of each shard.',
  }),
  ...rows('/indexes/{uid}/search', ['GET', 'POST'], 'differs', {
    note: 'How equal the order is, [with numbers](fidelity.md).',
  }),
  ...rows('/indexes/{uid}/facet-search', ['POST'], 'same', { since: '1.3' }),
  ...rows('/indexes/{uid}/similar', ['GET', 'POST'], 'differs', {
    since: '1.9',
    note: 'Neighbours are approximate on every server, [with numbers](fidelity.md).',
  }),
  ...rows('/multi-search', ['POST'], 'differs', { since: '1.1', note: 'As search; `federation` without remotes.' }),
  ...rows('/indexes/{uid}/documents', ['GET'], 'differs', {
    note: 'The order of a list without `sort` is stable, but not that of insertion.',
  }),
  ...rows('/indexes/{uid}/documents/fetch', ['POST'], 'differs', { since: '1.2', note: 'As the list.' }),
  ...rows('/indexes/{uid}/documents/{id}', ['GET', 'DELETE']),
  ...rows('/indexes/{uid}/documents', ['POST', 'PUT'], 'differs', {
    note: 'A field whose name begins with `_miroir_` fails the task with `miroir_reserved_field`.',
  }),
  ...rows('/indexes/{uid}/documents', ['DELETE']),
  ...rows('/indexes/{uid}/documents/delete-batch', ['POST']),
  ...rows('/indexes/{uid}/documents/delete', ['POST'], 'same', { since: '1.2' }),
  ...rows('/indexes/{uid}/documents/edit', ['POST'], 'differs', {
    since: '1.10',
    note: 'Functions may not call `exit` or `eval`, nor use names that begin with `miroir_`; one that fails for a document [may have edited others](fidelity.md).',
  }),
  ...rows('/indexes/{uid}/settings', ['GET', 'PATCH', 'DELETE']),
  ...rows('/swap-indexes', ['POST']),
  ...rows('/tasks', ['GET', 'DELETE']),
  ...rows('/tasks/{uid}', ['GET']),
  ...rows('/tasks/{uid}/documents', ['GET'], 'refused', {
    since: '1.13',
    code: 'feature_not_enabled',
    note: 'Miroir hands documents on at once and keeps none; the experimental feature cannot be switched on.',
  }),
  ...rows('/tasks/cancel', ['POST']),
  ...rows('/batches', ['GET'], 'differs', { since: '1.12', note: 'Every task is a batch of its own.' }),
  ...rows('/batches/{uid}', ['GET'], 'differs', { since: '1.12', note: 'Every task is a batch of its own.' }),
  ...rows('/keys', ['GET', 'POST']),
  ...rows('/keys/{key}', ['GET', 'PATCH', 'DELETE']),
  ...rows('/dumps', ['POST'], 'differs', { note: 'One dump of the whole, that one Meilisearch can import.' }),
  ...rows('/snapshots', ['POST'], 'refused', {
    since: '1.5',
    note: 'A snapshot of one node would not be the whole data: use dumps, or snapshots of each node.',
  }),
  ...rows('/export', ['POST'], 'differs', {
    since: '1.16',
    note: 'Gathered on disk first, then sent; payloads are at most 20 MiB.',
  }),
  ...rows('/experimental-features', ['GET', 'PATCH'], 'differs', {
    since: '1.3',
    note: 'Switched on all nodes; those that Miroir has no use for are refused, see below.',
  }),
  ...rows('/network', ['GET', 'PATCH'], 'refused', network),
  ...rows('/webhooks', ['GET', 'POST'], 'same', { since: '1.17' }),
  ...rows('/webhooks/{uuid}', ['GET', 'PATCH', 'DELETE'], 'same', { since: '1.17' }),
  ...rows('/metrics', ['GET'], 'differs', metrics),
  ...rows('/logs/stream', ['POST', 'DELETE'], 'refused', {
    since: '1.7',
    note: 'Miroir writes its log to the standard error.',
  }),
  ...rows('/logs/stderr', ['POST'], 'differs', { since: '1.7', note: "Changes the level of Miroir's own log." }),
  ...rows('/chats', ['GET'], 'refused', chats),
  ...rows('/chats/{workspace}', ['GET', 'DELETE'], 'refused', chats),
  ...rows('/chats/{workspace}/settings', ['GET', 'PATCH', 'DELETE'], 'refused', chats),
  ...rows('/chats/{workspace}/chat/completions', ['POST'], 'refused', chats),
  ...rows('/indexes/{uid}/compact', ['POST'], 'newer', { since: '1.23' }),
  ...rows('/indexes/{uid}/fields', ['POST'], 'newer', { since: '1.33' }),
  ...rows('/network/control', ['POST'], 'newer', { since: '1.38' }),
  ...rows('/tasks/compact', ['POST'], 'newer', { since: '1.40' }),
  ...rows('/dynamic-search-rules', ['POST', 'DELETE'], 'newer', rules),
  ...rows('/dynamic-search-rules/{uid}', ['GET', 'PATCH', 'DELETE'], 'newer', rules),
  ...rows('/render-template', ['POST'], 'newer', { since: '1.48' }),
];
