import { configKeys, isSecret, type KeyInfo } from '../config/describe.ts';

const intro = `# Configuration

Miroir reads a YAML file: the one named by \`--config\` or \`MIROIR_CONFIG\`, else \`miroir.yaml\` in the working directory if there is one.
Every key can be set by an environment variable as well, so a file is not needed. Later sources win: file, environment, command line.

Unknown keys and bad values stop the start, and all of them are reported at once: the path of the key, what is there and what was
expected. \`miroir check-config\` does only that and prints what is in effect, secrets masked.

- **Durations** are written \`500ms\`, \`5s\`, \`10m\`, \`6h\`, \`7d\`; **sizes** \`512KiB\`, \`100MiB\`, \`2GiB\` (or \`KB\`, \`MB\`, \`GB\` for powers of ten).
- **Environment variables** are named after the path: \`server.port\` is \`MIROIR_SERVER_PORT\`. Lists are JSON:
  \`MIROIR_NODES='[{"id":"meili-0","address":"http://10.0.0.10:7700","group":0}]'\`. An empty variable counts as unset.
- **Secrets** can be read from a file instead: \`master_key_file: /run/secrets/master-key\`, or \`MIROIR_MASTER_KEY_FILE\`. One line break at the end of
  that file is left out.

The smallest file that starts a cluster:

\`\`\`yaml
master_key: change-me-16-bytes-or-more      # clients
node_master_key: the-nodes-own-master-key
admin: { api_key: for-operators }
replication_factor: 2
nodes:
  - { id: meili-0, address: "http://10.0.0.10:7700" }
  - { id: meili-1, address: "http://10.0.0.11:7700" }
  - { id: meili-2, address: "http://10.0.0.12:7700" }
server: { host: 0.0.0.0 }
\`\`\`
`;

function facts(key: KeyInfo): string[] {
  const lines = [`- Value: ${key.expected}`];
  if (key.default !== undefined) lines.push(`- Default: \`${key.default}\``);
  else if (key.kind === 'secret') lines.push('- Default: not set');
  else if (key.kind === 'list' || key.path.includes('[]')) lines.push('- Required');
  if (key.env !== null) {
    const file = isSecret(key) ? `; from a file: \`${key.path}_file\`, \`${key.env}_FILE\`` : '';
    lines.push(`- Environment: \`${key.env}\`${file}`);
  }
  return lines;
}

function renderKey(key: KeyInfo): string {
  if (key.kind === 'section') return `## \`${key.path}\`\n\n${key.description}`;
  const nested = /[.[]/.test(key.path);
  return `${nested ? '###' : '##'} \`${key.path}\`\n\n${key.description}\n\n${facts(key).join('\n')}`;
}

/** `docs/configuration.md`, from the schema. */
export function configurationPage(): string {
  return `${intro}\n${configKeys.map(renderKey).join('\n\n')}\n`;
}
