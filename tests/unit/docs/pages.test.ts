import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configKeys } from '../../../src/config/describe.ts';
import { generatedPages } from '../../../src/docs/pages.ts';
import { errorLink } from '../../../src/errors/api-error.ts';
import { miroirCodes } from '../../../src/errors/codes.ts';

const pages = generatedPages();

describe('generated pages', () => {
  it.each(Object.keys(pages))('docs/%s is in step with the code (else run npm run docs)', (name) => {
    const file = new URL(`../../../docs/${name}`, import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(pages[name]);
  });

  it('describes every key in a sentence', () => {
    for (const key of configKeys) expect(key.description, key.path).toMatch(/^[A-Z`].*\.$/s);
  });

  it('has the anchor that the link of each error points at', () => {
    for (const code of Object.keys(miroirCodes) as (keyof typeof miroirCodes)[]) {
      expect(errorLink(code)).toMatch(new RegExp(`docs/errors\\.md#${code}$`));
      expect(pages['errors.md']).toContain(`\n## ${code}\n`);
    }
  });

  it('names every option of the commands', () => {
    for (const option of [
      '--ephemeral',
      '--replication-factor',
      '--admin-key',
      '--json',
      'check-config',
      'index list',
    ]) {
      expect(pages['cli.md']).toContain(option);
    }
  });
});
