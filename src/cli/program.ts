import { Command, Option } from 'commander';
import { wholeNumber } from './arguments.ts';
import type { ConfigFlags } from './config-source.ts';
import type { DevFlags } from './dev.ts';
import { fail } from './errors.ts';
import { Interrupted } from './shutdown.ts';
import { packageVersion } from './version.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Runs a command's body, turning what it throws into a message and exit code 1. */
function guarded<T extends { logLevel?: string }>(run: (flags: T) => Promise<void> | void) {
  return async (flags: T): Promise<void> => {
    try {
      await run(flags);
    } catch (error) {
      if (error instanceof Interrupted) return;
      const debug = ['debug', 'trace'].includes(flags.logLevel ?? process.env.MIROIR_LOG_LEVEL ?? '');
      fail(error, { command: 'miroir', debug });
    }
  };
}

function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (default: miroir.yaml if there is one)').env(
    'MIROIR_CONFIG',
  );
}

function startCommand(): Command {
  return new Command('start')
    .description('serve the cluster that the configuration describes, until SIGINT or SIGTERM')
    .addOption(configOption())
    .option('--host <address>', 'address to listen on (server.host)')
    .option('--port <port>', 'port to listen on (server.port)', wholeNumber(0, 65_535))
    .addOption(new Option('--log-level <level>', 'least important level that is logged (log.level)').choices(logLevels))
    .action(guarded<ConfigFlags>(async (flags) => (await import('./start.ts')).start(flags)));
}

function devCommand(): Command {
  return new Command('dev')
    .description('start Meilisearch nodes on this machine with Miroir in front, to try it out')
    .option('--nodes <n>', 'number of Meilisearch nodes, over all groups', wholeNumber(1, 64), 3)
    .option('--groups <n>', 'number of replica groups; the nodes are spread evenly over them', wholeNumber(1, 64), 1)
    .option('--replication-factor <n>', 'copies of each shard inside each group', wholeNumber(1, 64), 1)
    .option('--shards <n>', 'shards of each new index', wholeNumber(1, 4096), 64)
    .option('--workers <n>', 'processes that answer on the port (server.workers)', wholeNumber(1, 64), 1)
    .option('--host <address>', 'address that Miroir listens on', '127.0.0.1')
    .option('--port <port>', 'port that Miroir listens on', wholeNumber(0, 65_535), 7700)
    .addOption(
      new Option('--master-key <key>', 'master key of Miroir (default: a generated one, kept in the folder)').env(
        'MIROIR_MASTER_KEY',
      ),
    )
    .option('--dir <folder>', 'folder for data, logs, ports and keys', './.miroir')
    .option('--ephemeral', 'use a temporary folder that is deleted at the end')
    .addOption(new Option('--sample <name>', 'load a sample data set').choices(['movies']))
    .addOption(
      new Option('--log-level <level>', 'level of miroir.log in the folder').choices(logLevels).default('info'),
    )
    .action(guarded<DevFlags>(async (flags) => (await import('./dev.ts')).dev(flags)));
}

function checkConfigCommand(): Command {
  return new Command('check-config')
    .description(
      'check the configuration and print what is in effect, secrets masked; exit code 1 when it has problems',
    )
    .addOption(configOption())
    .action(guarded<ConfigFlags>(async (flags) => (await import('./check-config.ts')).checkConfig(flags)));
}

/** The `miroir` command. Commands load their code when they run, so that help and version come at once. */
export function createProgram(): Command {
  return new Command('miroir')
    .description('makes a fleet of Meilisearch servers behave like one')
    .version(packageVersion(), '-v, --version', 'print the version')
    .showHelpAfterError('(--help lists what there is)')
    .addCommand(startCommand())
    .addCommand(devCommand())
    .addCommand(checkConfigCommand());
}
