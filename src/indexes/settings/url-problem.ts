/** Why a text is no absolute URL, in the words of the URL standard's errors that Meilisearch repeats; null when it is one. */
export function urlProblem(text: string): string | null {
  if (URL.canParse(text)) return null;
  const trimmed = text.trim();
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(trimmed);
  if (scheme === null) return 'relative URL without a base';
  const authority = /^[/\\]*([^/\\?#]*)/.exec(trimmed.slice(scheme[0].length))?.[1] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '' || host.startsWith(':')) return 'empty host';
  if (host.startsWith('['))
    return host.includes(']') && /\]:/.test(host) ? 'invalid port number' : 'invalid IPv6 address';
  const port = /:([^:]*)$/.exec(host)?.[1];
  if (port !== undefined && !(/^\d*$/.test(port) && Number(port) <= 65_535)) return 'invalid port number';
  if (/^[\d.]+(:\d*)?$/.test(host)) return 'invalid IPv4 address';
  return 'invalid international domain name';
}
