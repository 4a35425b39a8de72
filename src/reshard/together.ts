/**
 * Runs work side by side and resolves with the results in order. When one fails the others are interrupted, and it rejects only
 * once all have ended: nothing goes on behind the back of whoever tries again.
 */
export async function together<T>(
  works: readonly ((signal: AbortSignal) => Promise<T>)[],
  signal: AbortSignal,
): Promise<T[]> {
  const controller = new AbortController();
  const either = AbortSignal.any([signal, controller.signal]);
  let failure: { error: unknown } | null = null;
  const results = await Promise.all(
    works.map((work) =>
      work(either).catch((error: unknown) => {
        failure ??= { error };
        controller.abort();
        return null;
      }),
    ),
  );
  if (failure !== null) throw (failure as { error: unknown }).error;
  return results as T[];
}
