import { vi } from 'vitest';

/** What a command has printed. */
export interface Printed {
  stdout: string;
  stderr: string;
}

/** Gathers what is printed from now on instead of showing it, until `vi.restoreAllMocks()`. */
export function capturePrinted(): Printed {
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    });
  }
  return printed;
}
