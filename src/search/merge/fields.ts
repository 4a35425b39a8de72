import { reservedPrefix } from '../../documents/markers.ts';
import type { Member } from '../../json/scan.ts';
import { selectFields } from './select.ts';

/** Whether a field path (`nest.a`) leads to or into the field `key`. */
export function touches(path: string, key: string): boolean {
  return path === key || path.startsWith(`${key}.`);
}

function shownMember(
  text: string,
  member: Member,
  visible: readonly string[] | null,
  extras: readonly string[],
): string | null {
  const { key, keyStart, valueEnd } = member;
  if (key.startsWith(reservedPrefix)) return null;
  const whole = visible === null || visible.includes(key) || !extras.some((path) => touches(path, key));
  if (whole) return text.slice(keyStart, valueEnd);
  const selected = selectFields(`{${text.slice(keyStart, valueEnd)}}`, visible);
  return selected === '{}' ? null : selected.slice(1, -1);
}

/**
 * The members of a document that a client sees, as they are written: not Miroir's own, and of the fields fetched only
 * for merging (`extras`) what is visible anyway. `visible` null means all; other members were chosen by the node.
 */
export function shownMembers(
  text: string,
  list: readonly Member[],
  visible: readonly string[] | null,
  extras: readonly string[],
): string[] {
  return list.flatMap((member) => {
    const shown = shownMember(text, member, visible, extras);
    return shown === null ? [] : [shown];
  });
}
