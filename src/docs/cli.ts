import type { Argument, Command, Option } from 'commander';
import { createProgram } from '../cli/program.ts';
import { createCtlProgram } from '../ctl/program.ts';

const intro = `# Commands

- \`miroir\` runs Miroir.
- \`miroir-ctl\` looks after a running one through its admin API.

\`--help\` after any command prints what is on this page.
`;

const exitCodes = `## Exit codes

\`miroir\` ends with 0 after an orderly stop and with 1 when it could not start or the configuration has problems; the reason is on standard
error. The first SIGINT or SIGTERM lets requests under way end, the second ends the process at once.

\`miroir-ctl\`:

| code | meaning |
| --- | --- |
| 0 | done; for \`status\`: the cluster is healthy |
| 1 | wrong usage, or an unreadable credentials file |
| 2 | nothing answers at the URL |
| 3 | the admin key is missing or wrong |
| 4 | \`status\` only: a node is down, a copy is stale or a shard cannot be read |
| 5 | Miroir answered with another error, for example because there is no such task |
| 6 | \`verify --watch\` only: copies differed, whether they were made equal or not |

## Admin key

\`miroir-ctl\` takes the key from \`--admin-key\` when that is given, else from \`MIROIR_ADMIN_API_KEY\`, else from the file
\`~/.config/miroir/credentials\` (below \`XDG_CONFIG_HOME\` if that is set), which holds one line and should be readable by you alone:

\`\`\`yaml
admin_api_key: for-operators
\`\`\`

A key on the command line can be seen by other users of the machine, so prefer the other two.
`;

function optionRow(option: Option): string {
  const notes = [option.description];
  if (option.argChoices !== undefined)
    notes.push(`One of ${option.argChoices.map((value) => `\`${value}\``).join(', ')}.`);
  if (option.defaultValue !== undefined) notes.push(`Default \`${String(option.defaultValue)}\`.`);
  if (option.envVar !== undefined) notes.push(`Environment: \`${option.envVar}\`.`);
  const text = notes.map((note) => (/\.$/.test(note) ? note : `${note}.`)).join(' ');
  return `| \`${option.flags.replaceAll('|', '\\|')}\` | ${text} |`;
}

function argumentLine(argument: Argument): string {
  return `- \`${argument.required ? `<${argument.name()}>` : `[${argument.name()}]`}\`: ${argument.description}`;
}

function section(command: Command, path: string, level: number): string[] {
  const name = `${path} ${command.name()}`.trim();
  const usage = [name, ...command.registeredArguments.map((a) => (a.required ? `<${a.name()}>` : `[${a.name()}]`))];
  const description = command.description();
  const lines = [
    `${'#'.repeat(level)} \`${usage.join(' ')}\``,
    '',
    `${description.charAt(0).toUpperCase()}${description.slice(1)}.`,
  ];
  if (command.registeredArguments.length > 0) lines.push('', ...command.registeredArguments.map(argumentLine));
  if (command.options.length > 0)
    lines.push('', '| option | meaning |', '| --- | --- |', ...command.options.map(optionRow));
  lines.push('');
  return [...lines, ...command.commands.flatMap((child) => section(child, name, level + 1))];
}

/** `docs/cli.md`, from the command definitions. */
export function cliPage(): string {
  const commands = [createProgram(), createCtlProgram()].flatMap((program) => section(program, '', 2));
  return `${intro}\n${commands.join('\n')}\n${exitCodes}`;
}
