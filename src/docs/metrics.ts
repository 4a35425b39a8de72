import { type MetricDefinition, metricDefinitions } from '../observability/definitions.ts';

const intro = `# Metrics

Prometheus text, at \`http://<metrics.host>:<metrics.port>/metrics\` (port 9090 unless configured otherwise) and at \`GET /_miroir/metrics\` on the main
port. Besides the metrics below there are the usual \`process_*\` and \`nodejs_*\` ones of a Node.js process.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
`;

function row([name, definition]: [string, MetricDefinition]): string {
  const labels = definition.labels.map((label) => `\`${label}\``).join(', ');
  return `| \`${name}\` | ${definition.type} | ${labels} | ${definition.help} |`;
}

/** `docs/metrics.md`, from the definitions. */
export function metricsPage(): string {
  return `${intro}${Object.entries<MetricDefinition>(metricDefinitions).map(row).join('\n')}\n`;
}
