/** Where a Meilisearch API is and what opens it. */
export interface Access {
  url: string;
  masterKey: string;
}

/** One request to Miroir's public API; resolves with the parsed answer, rejects with the answer's own message. */
export async function apiCall(access: Access, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${access.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${access.masterKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new Error(`${method} ${path} answered HTTP ${response.status}: ${text}`);
}
