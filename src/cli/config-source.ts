import { existsSync } from 'node:fs';
import type { RawConfig } from '../config/layers.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';

/** Options of the commands that read a configuration file. */
export interface ConfigFlags {
  config?: string;
  host?: string;
  port?: number;
  logLevel?: string;
}

/** Flags in the shape of the file; only those given. */
export function flagValues(flags: ConfigFlags): RawConfig {
  const server = {
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.port === undefined ? {} : { port: flags.port }),
  };
  return {
    ...(Object.keys(server).length === 0 ? {} : { server }),
    ...(flags.logLevel === undefined ? {} : { log: { level: flags.logLevel } }),
  };
}

const usualFile = 'miroir.yaml';

/** `--config`, else `MIROIR_CONFIG`, else `./miroir.yaml` if there is one, else the environment alone. Throws `ConfigError`. */
export function loadFromFlags(flags: ConfigFlags, env: NodeJS.ProcessEnv = process.env): LoadedConfig {
  const named = flags.config ?? (env.MIROIR_CONFIG || undefined);
  const file = named ?? (existsSync(usualFile) ? usualFile : undefined);
  return loadConfig({ file, env, flags: flagValues(flags) });
}
