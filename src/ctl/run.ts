import type { Command } from 'commander';
import type { AdminClient } from './client.ts';
import type { Output } from './output.ts';
import { createProgressBar, type ProgressBar } from './progress.ts';

/** Runs a command's work with a client for the flags it was given. */
export type Run = (command: Command, work: (client: AdminClient) => Promise<Output>) => Promise<void>;

/** The bar of a command; silent where the output is for scripts. */
export function barFor(command: Command): ProgressBar {
  const quiet = command.optsWithGlobals<{ json?: boolean }>().json === true;
  return createProgressBar(process.stderr, Date.now, quiet);
}
