const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})$/;
const nanosecondDigits = 9;
const earliest = '0000-01-01T00:00:00.000000000Z';
const latest = '9999-12-31T23:59:59.999999999Z';

/**
 * A text that sorts as the instant does: UTC, always nine fraction digits (`2024-05-01T10:00:00.120000000Z`).
 * RFC 3339 itself does not sort: offsets differ and fractions vary in length (`.5` is later than `.25`, `Z` sorts after
 * digits). Digits beyond nanoseconds are cut; a leap second counts as the last nanosecond of its minute; years that the
 * offset carries out of 0000..9999 are clamped. Throws `RangeError` when the text is no RFC 3339 instant.
 */
export function sortableInstant(text: string): string {
  const match = rfc3339.exec(text);
  if (match === null) throw new RangeError(`not an RFC 3339 instant: ${text}`);
  const [, date = '', minute = '', second = '', fraction = '', offset = ''] = match;
  const leap = second === '60';
  const wholeSecond = Date.parse(`${date}T${minute}:${leap ? '59' : second}${offset.toUpperCase()}`);
  if (Number.isNaN(wholeSecond)) throw new RangeError(`not an RFC 3339 instant: ${text}`);
  const utc = new Date(wholeSecond).toISOString();
  if (utc.startsWith('-')) return earliest;
  if (utc.startsWith('+')) return latest;
  const nanoseconds = leap ? '9'.repeat(nanosecondDigits) : fraction.slice(0, nanosecondDigits);
  return `${utc.slice(0, 19)}.${nanoseconds.padEnd(nanosecondDigits, '0')}Z`;
}
