/** Broken escapes become literal percent signs, bytes that are not UTF-8 become U+FFFD: decoding then never fails. */
function repairEscapes(path: string): string {
  const literal = path.replace(/%(?![0-9a-fA-F]{2})/g, '%25');
  return literal.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    try {
      decodeURIComponent(run);
      return run;
    } catch {
      return encodeURIComponent(Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
    }
  });
}

/** A path that no route has, for targets that are no paths (`*`). */
const NOWHERE = '/%00';

/** URLs that are as routes know them, which most are. */
const ordinary = /^(?:\/[\w.~-]+)+(?:$|[?#])/;

/** The URL as routes know it: doubled and trailing slashes gone, an absolute form cut to its path. The query is untouched. */
export function normaliseUrl(url: string): string {
  if (ordinary.test(url)) return url;
  const start = url.search(/[?#]/);
  const path = start === -1 ? url : url.slice(0, start);
  const rest = start === -1 ? '' : url.slice(start);
  const local = path.replace(/^https?:\/\/[^/]*/i, '');
  if (local !== '' && !local.startsWith('/')) return `${NOWHERE}${rest}`;
  const merged = local.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  const decodable = merged.includes('%') ? repairEscapes(merged) : merged;
  return `${decodable === '' ? '/' : decodable}${rest}`;
}

/** The query string of a URL, without `?` and fragment. */
export function queryOf(url: string): string {
  const start = url.indexOf('?');
  if (start === -1) return '';
  const end = url.indexOf('#', start);
  return url.slice(start + 1, end === -1 ? undefined : end);
}

/** Characters that the real server refuses in a query string, with 400 and an empty body. */
export function hasForbiddenCharacters(query: string): boolean {
  return /["<>]/.test(query);
}
