function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  const bytes: Buffer[] = [];
  let at = 0;
  for (const match of spaced.matchAll(/%[0-9a-fA-F]{2}/g)) {
    bytes.push(Buffer.from(spaced.slice(at, match.index)), Buffer.from(match[0].slice(1), 'hex'));
    at = match.index + 3;
  }
  bytes.push(Buffer.from(spaced.slice(at)));
  return Buffer.concat(bytes).toString('utf8');
}

/**
 * The parameters of a query string (without its `?`): `+` is a space, a broken escape stays as it is, bytes that are not
 * UTF-8 become U+FFFD, and of a repeated parameter the last value counts, in the place of the first.
 */
export function parseQueryString(query: string): Record<string, string> {
  const pairs = new Map<string, string>();
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const key = equals === -1 ? piece : piece.slice(0, equals);
    pairs.set(decode(key), equals === -1 ? '' : decode(piece.slice(equals + 1)));
  }
  return Object.fromEntries(pairs);
}
