import { miroirCodes } from '../errors/codes.ts';

const intro = `# Errors

Every error answer, and every \`error\` of a failed task, has Meilisearch's shape: \`message\`, \`code\`, \`type\` and \`link\`.

Whatever one Meilisearch would report, Miroir reports with Meilisearch's own code, type, status and message, unchanged; those codes are explained
in [Meilisearch's documentation](https://www.meilisearch.com/docs/reference/errors/error_codes).

The codes below are Miroir's own, for what a single server has no word for. All begin with \`miroir_\`.
`;

/** `docs/errors.md`, from the table of Miroir's own codes. */
export function errorsPage(): string {
  const entries = Object.entries(miroirCodes).map(
    ([code, { status, type, help }]) => `## ${code}\n\nHTTP status ${status}, type \`${type}\`.\n\n${help}`,
  );
  return `${intro}\n${entries.join('\n\n')}\n`;
}
