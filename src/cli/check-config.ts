import { showConfig } from '../config/show.ts';
import { type ConfigFlags, loadFromFlags } from './config-source.ts';

/** `miroir check-config`: prints the effective configuration as YAML, and warnings on standard error. */
export function checkConfig(flags: ConfigFlags): void {
  const { config, warnings } = loadFromFlags(flags);
  process.stdout.write(showConfig(config));
  for (const { path, message } of warnings) process.stderr.write(`warning: ${path}: ${message}\n`);
}
