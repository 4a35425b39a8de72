/**
 * Hits of different queries can only be compared when their ranking rules are alike. One Meilisearch brings the rules of
 * each query into a canonical form, refuses queries whose forms differ in kind, and tells what it did to the rules; its
 * words and its counting of positions are kept here.
 */
import type { SearchQuery } from '../query.ts';

/** What is searched for decides which rules are left. */
export type RulesKind = 'placeholder' | 'keyword' | 'vector';

/** What rules are compared by. */
export type RuleType =
  | 'relevancy'
  | 'ascending sort'
  | 'descending sort'
  | 'ascending geo sort'
  | 'descending geo sort';

interface Sort {
  field: string | null;
  ascending: boolean;
}

/** Where a rule comes from, as messages name it. */
interface Source {
  /** How a note calls the rule. */
  name: string;
  position: string;
}

/** A rule (or neighbouring relevancy rules) of the canonical form. */
export interface CanonicalRule {
  kind: RuleType;
  /** Its place, as messages print it after the query's. */
  place: { sort: number | null; from: number; to: number };
  names: string[];
}

/** The canonical form of a query's rules, and what was done to reach it. */
export interface CanonicalRules {
  rules: readonly CanonicalRule[];
  notes: readonly string[];
}

const relevancy: ReadonlySet<string> = new Set(['words', 'typo', 'proximity', 'attribute', 'exactness']);
const geoPoint = /^_geoPoint\(.*\)$/s;

/** The parts of `field:asc`; null when a node will refuse it. */
function parseSort(text: string): Sort | null {
  const match = /^(.*):(asc|desc)$/s.exec(text);
  if (match === null) return null;
  const name = match[1] ?? '';
  if (geoPoint.test(name)) return { field: null, ascending: match[2] === 'asc' };
  return name.startsWith('_geo') ? null : { field: name, ascending: match[2] === 'asc' };
}

const sortName = ({ field, ascending }: Sort) => `${field ?? '_geo(..)'}:${ascending ? 'asc' : 'desc'}`;

function sortKind({ field, ascending }: Sort): RuleType {
  return `${ascending ? 'ascending' : 'descending'} ${field === null ? 'geo sort' : 'sort'}`;
}

const ruleSource = (rules: readonly string[], at: number): Source => ({
  name: rules[at] ?? '',
  position: `#${at} in ranking rules`,
});

/** Fields and points are sorted by once; the keys are unlike the names of rules. */
const fieldKey = (field: string | null) => (field === null ? 'a point' : `field ${field}`);

/** One query's rules on their way to the canonical form. */
class Canonicaliser {
  readonly #query: Pick<SearchQuery, 'matchingStrategy'>;
  readonly #rules: readonly string[];
  readonly #sorts: readonly Sort[] | null;
  readonly #kind: RulesKind;
  readonly #taken = new Map<string, Source>();
  /** Canonical rules by name, `sort` standing for all criteria of the query. */
  readonly #names: string[] = [];
  #canonicalSorts: Sort[] = [];
  #wordsPrepended = false;
  #vector: Source | null = null;
  readonly notes: string[] = [];

  constructor(
    rules: readonly string[],
    query: Pick<SearchQuery, 'matchingStrategy'>,
    sorts: readonly Sort[] | null,
    kind: RulesKind,
  ) {
    this.#rules = rules;
    this.#query = query;
    this.#sorts = sorts;
    this.#kind = kind;
  }

  #note(text: string, indent = '    '): void {
    this.notes.push(`${indent}${this.notes.length + 1}. ${text}\n`);
  }

  #duplicate(removed: Source, earlier: Source): void {
    this.#note(
      `Removed duplicate rule \`${earlier.name}\` at position ${removed.position} as it already appears at position ${earlier.position}`,
    );
  }

  /** Takes a rule unless one of its name was taken. */
  #take(key: string, source: Source): boolean {
    const earlier = this.#taken.get(key);
    if (earlier !== undefined) {
      this.#duplicate(source, earlier);
      return false;
    }
    this.#taken.set(key, source);
    return true;
  }

  #takeSorts(at: number): void {
    const source = ruleSource(this.#rules, at);
    const reason = 'because `query.sort` is empty';
    if (this.#sorts === null) {
      this.#note(`Removed rule \`sort\` at position ${source.position} ${reason}`, '   ');
    }
    if (this.#sorts === null || !this.#take('sort', source)) return;
    this.#names.push('sort');
    this.#canonicalSorts = this.#sorts.filter((sort, i) => {
      const position = `#${i} in \`query.sort\` (as \`sort\` is #${at} in ranking rules)`;
      return this.#take(fieldKey(sort.field), { name: sortName(sort), position });
    });
  }

  #takeWords(at: number): void {
    const source = ruleSource(this.#rules, at);
    if (this.#query.matchingStrategy === 'all') {
      const reason = 'because `query.matchingWords` is set to `all`';
      this.#note(`Removed rule \`words\` at position ${source.position} ${reason}`);
      return;
    }
    if (this.#wordsPrepended && !this.#taken.has('words')) {
      this.#note(`Removed rule \`words\` at position ${source.position} because it was previously prepended`);
    }
    if (this.#take('words', source)) this.#names.push('words');
  }

  #takeKeyword(rule: string, at: number): void {
    if (rule === 'words') {
      this.#takeWords(at);
      return;
    }
    const source = ruleSource(this.#rules, at);
    const hasWords = this.#wordsPrepended || this.#taken.has('words');
    if (this.#query.matchingStrategy !== 'all' && !hasWords) {
      this.#note(
        `Prepended rule \`words\` before first relevancy rule \`${source.name}\` at position ${source.position}`,
      );
      this.#names.push('words');
      this.#wordsPrepended = true;
    }
    if (this.#take(rule, source)) this.#names.push(rule);
  }

  /** Returns whether later rules count. */
  #takeVector(rule: string, at: number): boolean {
    const source = ruleSource(this.#rules, at);
    if (this.#vector === null) {
      this.#vector = source;
      this.#names.push(rule);
      return true;
    }
    const reason = 'because the query is a vector search and `vector` was';
    if ([...this.#taken.keys()].some((key) => key.startsWith(fieldKey('')))) {
      this.#note(
        `Truncated relevancy rule \`${rule}\` at position ${source.position} and later rules ${reason} inserted at position ${this.#vector.position}`,
      );
      return false;
    }
    this.#note(
      `Removed relevancy rule \`${rule}\` at position ${source.position} ${reason} already inserted at position ${this.#vector.position}`,
    );
    return true;
  }

  #takeRelevancy(rule: string, at: number): boolean {
    if (this.#kind === 'vector') return this.#takeVector(rule, at);
    if (this.#kind === 'keyword') this.#takeKeyword(rule, at);
    else {
      this.#note(
        `Removed relevancy rule \`${rule}\` at position #${at} in ranking rules because the query is a placeholder search (\`q\`: "")`,
      );
    }
    return true;
  }

  run(): CanonicalRule[] {
    for (const [at, rule] of this.#rules.entries()) {
      if (rule === 'sort') this.#takeSorts(at);
      else if (relevancy.has(rule)) {
        if (!this.#takeRelevancy(rule, at)) break;
      } else {
        const field = parseSort(rule)?.field ?? rule;
        if (this.#take(fieldKey(field), ruleSource(this.#rules, at))) this.#names.push(rule);
      }
    }
    return this.#coalesced();
  }

  #rulesAt(name: string, at: number): CanonicalRule[] {
    const place = { sort: null, from: at, to: at };
    if (name !== 'sort') {
      const kind = relevancy.has(name) ? 'relevancy' : sortKind(parseSort(name) ?? { field: name, ascending: true });
      return [{ kind, place, names: [name] }];
    }
    return this.#canonicalSorts.map((sort, i) => ({
      kind: sortKind(sort),
      place: { ...place, sort: i },
      names: sort.field === null ? [] : [`on field \`${sort.field}\``],
    }));
  }

  #coalesced(): CanonicalRule[] {
    const rules: CanonicalRule[] = [];
    for (const rule of this.#names.flatMap((name, at) => this.#rulesAt(name, at))) {
      const last = rules.at(-1);
      if (last?.kind === 'relevancy' && rule.kind === 'relevancy') {
        last.place = { ...last.place, to: rule.place.to };
        last.names.push(...rule.names);
      } else rules.push(rule);
    }
    return rules;
  }
}

/** The canonical form of a query's rules; null when its sort criteria are such that a node refuses the query. */
export function canonicalRules(
  rankingRules: readonly string[],
  query: Pick<SearchQuery, 'sort' | 'matchingStrategy'>,
  kind: RulesKind,
): CanonicalRules | null {
  const sorts = query.sort?.map(parseSort) ?? null;
  if (sorts?.includes(null)) return null;
  const canonicaliser = new Canonicaliser(rankingRules, query, sorts as Sort[] | null, kind);
  return { rules: canonicaliser.run(), notes: canonicaliser.notes };
}
