/** Close a server gracefully, but not for ever. */
export async function closeWithin(
  server: { close(): Promise<unknown>; server: { closeAllConnections(): void } },
  ms: number,
): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), ms);
  await server.close();
  clearTimeout(timer);
}
