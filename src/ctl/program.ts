import { Command, Option } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import { packageVersion } from '../cli/version.ts';
import { type AdminClient, createAdminClient } from './client.ts';
import { indexList } from './commands/index-list.ts';
import { shards } from './commands/shards.ts';
import { status } from './commands/status.ts';
import { task } from './commands/task.ts';
import { topology } from './commands/topology.ts';
import { verify } from './commands/verify.ts';
import { resolveAdminKey } from './credentials.ts';
import { dumpCommand } from './dump-command.ts';
import { CtlError, exitCodes } from './errors.ts';
import type { Output } from './output.ts';
import { createProgressBar } from './progress.ts';
import { reshardCommand } from './reshard-command.ts';
import { topologyCommands } from './topology-command.ts';

/** Flags that every command takes. */
interface GlobalFlags {
  url: string;
  adminKey?: string;
  json?: boolean;
  timeout: number;
}

function warn(message: string): void {
  process.stderr.write(`miroir-ctl: ${message}\n`);
}

async function run(command: Command, work: (client: AdminClient) => Promise<Output>): Promise<void> {
  const flags = command.optsWithGlobals<GlobalFlags>();
  try {
    const adminKey = resolveAdminKey(flags.adminKey, process.env, warn);
    const client = createAdminClient({ url: flags.url, adminKey, timeoutMs: flags.timeout * 1_000 });
    const output = await work(client);
    process.stdout.write(`${flags.json === true ? JSON.stringify(output.data, null, 2) : output.text}\n`);
    process.exitCode = output.exitCode ?? exitCodes.ok;
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
    process.exitCode = error instanceof CtlError ? error.exitCode : exitCodes.failed;
  }
}

function withGlobals(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'where Miroir answers').env('MIROIR_URL').default('http://127.0.0.1:7700'))
    .option(
      '--admin-key <key>',
      'admin key (default: MIROIR_ADMIN_API_KEY, else admin_api_key in ~/.config/miroir/credentials)',
    )
    .option('--timeout <seconds>', 'how long to wait for an answer', wholeNumber(1, 3600), 10)
    .option('--json', 'print JSON for scripts');
}

function statusCommand(): Command {
  return new Command('status')
    .description('tell whether the cluster is well, and list its nodes; exit code 4 when it is degraded')
    .action((_flags, command: Command) => run(command, (client) => status(client, Date.now())));
}

function topologyCommand(): Command {
  return new Command('topology')
    .description('list groups, nodes and stale copies')
    .action((_flags, command: Command) => run(command, (client) => topology(client, Date.now())));
}

function shardsCommand(): Command {
  return new Command('shards')
    .description('list where the copies of each shard are and which of them can be read')
    .argument('[index]', 'only this index')
    .action((index: string | undefined, _flags, command: Command) => run(command, (client) => shards(client, index)));
}

function taskCommand(): Command {
  return new Command('task')
    .description('show a task and its node tasks')
    .argument('<uid>', 'taskUid as clients know it', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .action((uid: number, _flags, command: Command) => run(command, (client) => task(client, uid)));
}

function indexCommand(): Command {
  const list = new Command('list')
    .description('list indexes with their shards, primary key and name on the nodes')
    .action((_flags, command: Command) => run(command, indexList));
  return new Command('index').description('look at indexes').addCommand(list);
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('compare the copies of an index and make them equal; with --watch, exit code 6 when they were not')
    .argument('<index>', 'uid of the index')
    .option('--watch', 'show how far it is until it is done')
    .action((index: string, flags: { watch?: boolean }, command: Command) => {
      const quiet = command.optsWithGlobals<GlobalFlags>().json === true;
      const bar = createProgressBar(process.stderr, Date.now, quiet);
      return run(command, (client) => verify(client, index, flags.watch === true, bar));
    });
}

/** The `miroir-ctl` command. */
export function createCtlProgram(): Command {
  const program = withGlobals(new Command('miroir-ctl'))
    .description('look after a running Miroir')
    .version(packageVersion(), '-v, --version', 'print the version')
    .showHelpAfterError('(--help lists what there is)')
    .addCommand(statusCommand())
    .addCommand(topologyCommand())
    .addCommand(shardsCommand())
    .addCommand(taskCommand())
    .addCommand(indexCommand())
    .addCommand(verifyCommand())
    .addCommand(reshardCommand(run))
    .addCommand(dumpCommand(run));
  for (const command of topologyCommands(run)) program.addCommand(command);
  return program;
}
