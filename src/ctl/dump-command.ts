import { Command, Option } from 'commander';
import { dumpCreate, dumpImport, type ImportFlags } from './commands/dump.ts';
import { barFor, type Run } from './run.ts';

/** `miroir-ctl dump ...` */
export function dumpCommand(run: Run): Command {
  const create = new Command('create')
    .description("write a dump of everything into the server's folder of dumps")
    .option('--wait', 'wait until it is written')
    .action((flags: { wait?: boolean }, command: Command) =>
      run(command, (client) => dumpCreate(client, flags.wait === true, barFor(command))),
    );
  const importFile = new Command('import')
    .description('import a dump of any Meilisearch from 1.0 on, or of a cluster')
    .argument('<file>', 'the dump')
    .option('--watch', 'show how far it is until it is done')
    .addOption(
      new Option('--on-conflict <rule>', 'what to do when an index of the dump exists already')
        .choices(['fail', 'skip', 'replace'])
        .default('fail'),
    )
    .option('--on-server', "<file> is the name of a file in the server's folder of dumps; nothing is uploaded")
    .action((file: string, flags: ImportFlags, command: Command) =>
      run(command, (client) => dumpImport(client, file, flags, barFor(command))),
    );
  return new Command('dump').description('back up and restore').addCommand(create).addCommand(importFile);
}
