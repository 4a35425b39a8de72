/** Whether a text can be a node's id. */
export function isNodeId(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(text);
}

/** Whether a text is where a node can be reached: an http or https URL with nothing after the port. */
export function isNodeAddress(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
}

/** The address in the one spelling that is stored and compared. */
export const normalAddress = (text: string): string => new URL(text).origin;

/** A node as operators name it. */
export interface NewNode {
  id: string;
  address: string;
  group: number;
}
