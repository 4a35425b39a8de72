import type { Logger } from '../observability/log.ts';

/** What to stop, in reverse order of starting. */
export type StopList = ReturnType<typeof createStopList>;

/** Undo of each started part, run in reverse order. */
export function createStopList(log: Logger) {
  const undo: { what: string; stop: () => unknown }[] = [];
  return {
    add(what: string, stop: () => unknown) {
      undo.push({ what, stop });
    },
    async run() {
      for (const { what, stop } of undo.splice(0).reverse()) {
        await Promise.resolve(stop()).catch((error: unknown) => log.error({ err: error }, `could not stop ${what}`));
      }
    },
  };
}
