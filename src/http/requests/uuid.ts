/** A UUID in its usual spelling, or why the text is none. */
export type UuidReading = { ok: true; uuid: string } | { ok: false; reason: string };

const spell = (hex: string) => hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

const GROUPS = [8, 4, 4, 4, 12];

/** Takes the simple, hyphenated, braced and URN spellings, and words refusals as Meilisearch's UUID library does. */
export function readUuid(text: string): UuidReading {
  const braced = /^\{(.*)\}$/s.exec(text)?.[1];
  const urn = text.startsWith('urn:uuid:') ? text.slice('urn:uuid:'.length) : undefined;
  const body = braced ?? urn ?? text;
  if (/^[0-9a-fA-F]{32}$/.test(body) && urn === undefined && braced === undefined)
    return { ok: true, uuid: spell(body) };
  if (/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(body))
    return { ok: true, uuid: body.toLowerCase() };
  return { ok: false, reason: explain(text, body) };
}

function explain(text: string, body: string): string {
  const bad = [...body].findIndex((character) => !/[0-9a-fA-F-]/.test(character));
  if (bad !== -1) {
    const at = text.indexOf(body) + bad;
    return `invalid character: expected an optional prefix of \`urn:uuid:\` followed by [0-9a-fA-F-], found \`${[...text][at]}\` at ${at + 1}`;
  }
  const parts = body.split('-');
  if (parts.length === 1 && body === text)
    return `invalid length: expected length 32 for simple format, found ${Buffer.byteLength(text)}`;
  if (parts.length !== GROUPS.length) return `invalid group count: expected 5, found ${parts.length}`;
  const wrong = parts.findIndex((part, i) => part.length !== GROUPS[i]);
  return `invalid group length in group ${wrong}: expected ${GROUPS[wrong]}, found ${parts[wrong]?.length}`;
}
