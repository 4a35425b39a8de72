/** Milliseconds that requests under way get to end when a process stops. */
export const drainMs = 10_000;

/** Close a server gracefully, but not for ever. */
export async function closeWithin(
  server: { close(): Promise<unknown>; server: { closeAllConnections(): void } },
  ms: number,
): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), ms);
  await server.close();
  clearTimeout(timer);
}
