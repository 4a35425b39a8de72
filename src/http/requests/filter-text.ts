/** A filter in a query string: JSON when it is JSON, else an expression; nothing but white space is no filter. */
export function filterText(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
