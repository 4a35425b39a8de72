import type { z } from 'zod';
import { childKeys, isSecret, keyAt } from './describe.ts';

/** One thing wrong with the configuration. */
export interface Problem {
  /** Dotted path of the key, for example `nodes[2].address`; empty for the whole. */
  path: string;
  /** What is there and what was expected, one sentence without full stop. */
  message: string;
  /** Where the value came from (a file, an environment variable, a flag), when known. */
  source?: string;
}

/** The configuration cannot be used; `problems` names everything that is wrong with it at once. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(renderProblems(problems));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function renderProblems(problems: readonly Problem[]): string {
  const lines = problems.map(({ path, message, source }) => {
    const where = [path, source === undefined ? '' : `(from ${source})`].filter((part) => part !== '').join(' ');
    return `  ${where === '' ? '' : `${where}: `}${message}`;
  });
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return [`the configuration has ${count}:`, ...lines].join('\n');
}

/** `['nodes', 2, 'id']` as `nodes[2].id`. */
export function dottedPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

function describeFound(value: unknown, secret: boolean): string {
  if (value === undefined) return 'it is missing';
  if (value === null) return 'found nothing';
  if (secret) return value === '' ? 'found an empty text' : `found a ${typeof value}`;
  const json = JSON.stringify(value) ?? String(value);
  return `found ${json.length > 60 ? `${json.slice(0, 57)}...` : json}`;
}

function unknownKey(parent: readonly PropertyKey[], key: string): Problem {
  const place = parent.length === 0 ? 'at the top level' : 'here';
  return {
    path: dottedPath([...parent, key]),
    message: `unknown key, expected ${place} one of ${childKeys(parent).join(', ')}`,
  };
}

/** Zod's findings in the words of this configuration: path, what was found, what was expected. */
export function toProblems(issues: readonly z.core.$ZodIssue[]): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue.path, key));
    const key = keyAt(issue.path);
    const expected = key?.expected ?? 'a section';
    const found = describeFound(issue.input, key !== undefined && isSecret(key));
    return [{ path: dottedPath(issue.path), message: `${found}, expected ${expected}` }];
  });
}
