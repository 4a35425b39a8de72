import { Command } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import { beginReshard, endReshard, reshardStatus } from './commands/reshard.ts';
import { barFor, type Run } from './run.ts';

const mostShards = 4_096;

interface Watching {
  watch?: boolean;
}

function startCommand(run: Run): Command {
  return new Command('start')
    .description('give an index another number of shards while it serves (also without the word `start`)')
    .argument('<index>', 'uid of the index')
    .requiredOption('--shards <number>', 'shards that it is to have', wholeNumber(1, mostShards))
    .option('--watch', 'show how far it is until it serves with them')
    .action((index: string, flags: Watching & { shards: number }, command: Command) =>
      run(command, (client) =>
        beginReshard(client, index, { shards: flags.shards }, flags.watch === true, barFor(command)),
      ),
    );
}

function statusCommand(run: Run): Command {
  return new Command('status')
    .description('tell how far it is')
    .argument('<index>', 'uid of the index')
    .option('--watch', 'draw a bar until the new layout serves')
    .action((index: string, flags: Watching, command: Command) =>
      run(command, (client) => reshardStatus(client, index, flags.watch === true, barFor(command))),
    );
}

function rollbackCommand(run: Run): Command {
  return new Command('rollback')
    .description('go back to the former number of shards while its layout is kept; no write is lost')
    .argument('<index>', 'uid of the index')
    .option('--watch', 'show how far it is until it serves again')
    .action((index: string, flags: Watching, command: Command) =>
      run(command, (client) => beginReshard(client, index, 'rollback', flags.watch === true, barFor(command))),
    );
}

function endCommand(run: Run, name: 'abort' | 'finish', description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<index>', 'uid of the index')
    .action((index: string, _flags: unknown, command: Command) =>
      run(command, (client) => endReshard(client, index, name)),
    );
}

/** `miroir-ctl reshard`. */
export function reshardCommand(run: Run): Command {
  return new Command('reshard')
    .description('change the number of shards of an index')
    .addCommand(startCommand(run), { isDefault: true })
    .addCommand(statusCommand(run))
    .addCommand(endCommand(run, 'abort', 'give up before the new layout serves; the index stays as it is'))
    .addCommand(rollbackCommand(run))
    .addCommand(endCommand(run, 'finish', 'delete the former layout before its time'));
}
