/** Actions that only read; `*.get` stands for them. Reading keys is not among them, or a reader could become anybody. */
const readActions: ReadonlySet<string> = new Set([
  'search',
  'documents.get',
  'indexes.get',
  'tasks.get',
  'settings.get',
  'stats.get',
  'metrics.get',
  'version',
  'experimental.get',
  'export',
  'network.get',
  'chats.get',
  'chatsSettings.get',
  'webhooks.get',
]);

/** A group such as `documents.*` stands for its members only: what asks for the whole group is open to `*` alone. */
function covers(held: string, action: string): boolean {
  if (held === '*') return true;
  if (action.endsWith('.*')) return false;
  if (held === '*.get') return readActions.has(action);
  return held === action || (held.endsWith('.*') && action.startsWith(held.slice(0, -1)));
}

/** Whether a key that carries the actions `held` (wildcards included) may do `action`. */
export function allowsAction(held: readonly string[], action: string): boolean {
  return held.some((one) => covers(one, action));
}

/** Whether an action is about API keys: closed to everybody while there is no master key to derive values from. */
export function isKeyAction(action: string): boolean {
  return action.startsWith('keys.');
}

/** The only actions that take a tenant token in place of a key. */
export function takesTenantToken(action: string): boolean {
  return action === 'search' || action === 'chatCompletions';
}
