/** Meilisearch cuts facet values at this many UTF-8 bytes. */
const maxFacetBytes = 468;

const beyondAscii = /[\u0080-\uffff]/;

/** The form in which Meilisearch compares facet values and sorts strings. */
export function normaliseValue(text: string): string {
  if (text.length <= maxFacetBytes && !beyondAscii.test(text)) return text.trim().toLowerCase();
  const normal = text.trim().normalize('NFKD').toLowerCase();
  return normal.length * 3 <= maxFacetBytes ? normal : cutBytes(normal);
}

function cutBytes(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxFacetBytes) return text;
  let end = maxFacetBytes;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
