/** A UUID in its usual spelling, or why the text is none. */
export type UuidReading = { ok: true; uuid: string } | { ok: false; reason: string };

const simple = /^[0-9a-fA-F]{32}$/;
const hyphenated = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const urnPrefix = 'urn:uuid:';
/** Of the hyphenated spelling, in bytes. */
const hyphenatedLength = 36;
const lastGroupStart = 24;
const groupLengths = [8, 4, 4, 4, 12];

interface Wrapping {
  /** The text without braces or URN prefix. */
  body: string;
  /** How many bytes of wrapping stand before it. */
  offset: number;
  bare: boolean;
}

function unwrap(text: string): Wrapping {
  if (text.length >= 2 && text.startsWith('{') && text.endsWith('}')) {
    return { body: text.slice(1, -1), offset: 1, bare: false };
  }
  if (text.startsWith(urnPrefix)) return { body: text.slice(urnPrefix.length), offset: urnPrefix.length, bare: false };
  return { body: text, offset: 0, bare: true };
}

function explain(text: string): string {
  const { body, offset, bare } = unwrap(text);
  const bad = /[^0-9a-fA-F-]/u.exec(body);
  if (bad !== null) {
    const at = Buffer.byteLength(body.slice(0, bad.index)) + offset + 1;
    return `invalid character: expected an optional prefix of \`urn:uuid:\` followed by [0-9a-fA-F-], found \`${bad[0]}\` at ${at}`;
  }
  const groups = body.split('-');
  if (groups.length === 1 && bare) return `invalid length: expected length 32 for simple format, found ${text.length}`;
  if (groups.length !== groupLengths.length) return `invalid group count: expected 5, found ${groups.length}`;
  const wrong = groups.slice(0, -1).findIndex((group, i) => group.length !== groupLengths[i]);
  if (wrong !== -1) {
    return `invalid group length in group ${wrong}: expected ${groupLengths[wrong]}, found ${groups[wrong]?.length}`;
  }
  return `invalid group length in group 4: expected 12, found ${text.length - lastGroupStart}`;
}

/** A wrapped text of the right length has been unwrapped by the time the library finds fault with it. */
function explained(text: string, { body, offset }: Wrapping): string {
  const wrapped = Buffer.byteLength(body) === hyphenatedLength && offset > 0;
  return explain(wrapped ? body : text);
}

/**
 * Read a UUID in its simple, hyphenated, braced or URN spelling. Refusals are worded as by the UUID library inside
 * Meilisearch, which counts positions in bytes from 1 and the last group up to the end of the whole text.
 */
export function readUuid(text: string): UuidReading {
  const wrapping = unwrap(text);
  if (wrapping.bare && simple.test(text)) {
    return { ok: true, uuid: text.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') };
  }
  if (hyphenated.test(wrapping.body)) return { ok: true, uuid: wrapping.body.toLowerCase() };
  return { ok: false, reason: explained(text, wrapping) };
}
