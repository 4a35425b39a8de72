import type { CanonicalRule, CanonicalRules, RuleType } from './ranking-rules.ts';

/** A query's canonical rules and what messages call it. */
export interface RankedQuery extends CanonicalRules {
  position: number;
  indexUid: string;
}

function reason(a: RuleType, b: RuleType): string {
  const isGeo = (kind: RuleType) => kind.endsWith('geo sort');
  if (a === 'relevancy' || b === 'relevancy') {
    return `cannot compare a relevancy rule with a ${isGeo(a) || isGeo(b) ? 'geosort' : 'sort'} rule`;
  }
  if (isGeo(a) !== isGeo(b)) return 'cannot compare a sort rule with a geosort rule';
  return `cannot compare two ${isGeo(a) ? 'geosort' : 'sort'} rules in opposite directions`;
}

function ruleLine({ position, indexUid }: RankedQuery, { kind, place, names }: CanonicalRule): string {
  const query = place.sort === null ? `\`queries[${position}]\`` : `\`queries[${position}].sort[${place.sort}]\``;
  const rules = place.from === place.to ? `${place.from}` : `${place.from}..=${place.to}`;
  const named = names.length === 0 ? 'default' : names.join(', ');
  return `${query}, \`${indexUid}.rankingRules[${rules}]\`: ${kind} rule(s) ${named}`;
}

function notesOf({ position, notes }: RankedQuery): string {
  if (notes.length === 0) return '';
  return `  - note: The ranking rules of query #${position} were modified during canonicalization:\n${notes.join('')}`;
}

/** Why the hits of the second query cannot be compared with those of the first; null when they can. */
export function incompatibility(first: RankedQuery, second: RankedQuery): string | null {
  const at = second.rules.findIndex((rule, i) => i < first.rules.length && rule.kind !== first.rules[i]?.kind);
  const [a, b] = [first.rules[at], second.rules[at]];
  if (a === undefined || b === undefined) return null;
  return [
    `The results of queries #${first.position} and #${second.position} are incompatible: \n`,
    `  1. ${ruleLine(first, a)}\n`,
    `  2. ${ruleLine(second, b)}\n`,
    `  - ${reason(a.kind, b.kind)}\n`,
    notesOf(first),
    notesOf(second),
  ].join('');
}
