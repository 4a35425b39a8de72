import { Command } from 'commander';
import { wholeNumber } from '../cli/arguments.ts';
import { changeTopology, rebalanceStatus, steerRebalance } from './commands/rebalance.ts';
import { barFor, type Run } from './run.ts';
import { type TopologyVerb, topologyVerbs, type VerbFlags } from './topology-verbs.ts';

interface ChangeFlags extends VerbFlags {
  force?: boolean;
  dryRun?: boolean;
  watch?: boolean;
}

function verbCommand(run: Run, verb: TopologyVerb, planOnly: boolean): Command {
  const command = new Command(planOnly ? verb.planName : verb.name)
    .description(planOnly ? `tell what it would take to ${verb.description}` : verb.description)
    .option('--force', 'even if copies are then too few or lost');
  for (const [name, description] of verb.arguments) command.argument(name, description);
  if (verb.takesGroup === true) command.option('--group <number>', 'replica group', wholeNumber(0, 1023));
  if (!planOnly) {
    command
      .option('--dry-run', 'only tell what would move')
      .option('--watch', 'show how far it is until all copies have moved');
  }
  return command.action((...parameters: unknown[]) => {
    const flags = command.opts<ChangeFlags>();
    const values = parameters.slice(0, verb.arguments.length).flat() as string[];
    return run(command, (client) =>
      changeTopology(
        client,
        verb.request(values, flags),
        { force: flags.force === true, dryRun: planOnly || flags.dryRun === true, watch: flags.watch === true },
        barFor(command),
      ),
    );
  });
}

function family(run: Run, name: 'node' | 'group', description: string): Command {
  const command = new Command(name).description(description);
  for (const verb of topologyVerbs) if (verb.family === name) command.addCommand(verbCommand(run, verb, false));
  return command;
}

function planCommand(run: Run): Command {
  const command = new Command('plan').description('tell what a change of nodes or groups would move, without doing it');
  for (const verb of topologyVerbs) command.addCommand(verbCommand(run, verb, true));
  return command;
}

function rebalanceCommand(run: Run): Command {
  const command = new Command('rebalance').description('look after the moving of copies');
  command
    .command('status')
    .description('tell how far it is')
    .option('--watch', 'draw bars with documents, rate and time left until nothing moves any more')
    .action((flags: { watch?: boolean }, status: Command) =>
      run(status, (client) => rebalanceStatus(client, flags.watch === true, barFor(status))),
    );
  const actions = {
    pause: 'make no further copies until it is resumed; everything keeps serving',
    resume: 'go on after a pause',
    cancel: 'go back to the nodes and copies as they were before',
  } as const;
  for (const action of ['pause', 'resume', 'cancel'] as const) {
    command
      .command(action)
      .description(actions[action])
      .action((_flags: unknown, steered: Command) => run(steered, (client) => steerRebalance(client, action)));
  }
  return command;
}

/** `miroir-ctl node | group | replication-factor | plan | rebalance`. */
export function topologyCommands(run: Run): Command[] {
  const alone = topologyVerbs.filter((verb) => verb.family === null).map((verb) => verbCommand(run, verb, false));
  return [
    family(run, 'node', 'let nodes come and go'),
    family(run, 'group', 'let replica groups come and go'),
    ...alone,
    planCommand(run),
    rebalanceCommand(run),
  ];
}
