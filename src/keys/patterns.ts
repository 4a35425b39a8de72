import { rustDebug } from '../json/print.ts';

/** Whether an index pattern (exact uid, beginning and star, or star) covers an index. */
export function patternMatches(pattern: string, uid: string): boolean {
  return pattern.endsWith('*') ? uid.startsWith(pattern.slice(0, -1)) : pattern === uid;
}

/** Whether any of the patterns covers the index. */
export function anyPatternMatches(patterns: readonly string[], uid: string): boolean {
  return patterns.some((pattern) => patternMatches(pattern, uid));
}

/** Of the patterns that cover the index, the one that says most about it: an exact uid, else the longest beginning. */
export function mostSpecificPattern(patterns: readonly string[], uid: string): string | null {
  const matching = patterns.filter((pattern) => patternMatches(pattern, uid));
  if (matching.includes(uid) && !uid.endsWith('*')) return uid;
  return matching.reduce<string | null>((best, one) => (best === null || one.length > best.length ? one : best), null);
}

/** Patterns as messages list them: each once, by code point. */
export function listPatterns(patterns: readonly string[]): string {
  const sorted = [...new Set(patterns)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `[${sorted.map(rustDebug).join(', ')}]`;
}
