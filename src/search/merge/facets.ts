import { printDouble } from '../../json/print.ts';
import type { FacetOrder } from '../settings-view.ts';
import { type CountedValue, CountedValues, type FacetValue, isNumber, type Range } from './facet-values.ts';
import { compareBytes } from './order.ts';

/** Facets of one node's answer. In which order objects keep values and fields does not matter: they are sorted when they are merged. */
export interface NodeFacets {
  /** Numbers of documents by field and value. */
  distribution: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Of the numbers of each field that has some. */
  stats: Readonly<Record<string, Range>>;
  /** See `collect`. A `WeakMap` would keep what it holds until all of the heap is looked at, which cost a tenth of a search. */
  collected?: Collected;
}

/** Merged facets as JSON text, since objects would put keys that look like integers first. */
export interface FacetsJson {
  distribution: string;
  stats: string;
}

/** How the merged facets are shown. */
export interface FacetOptions {
  /** `faceting.maxValuesPerFacet` as the client set it. */
  maxValues: number;
  order(field: string): FacetOrder;
  /** Number of documents that the search found, over all nodes. */
  candidates: number;
  /** Fields left out. */
  hidden: ReadonlySet<string>;
  /** How values are to be spelt that nodes spell in different ways. */
  spellings?: Spellings;
}

/** Spellings by field and by the form in which values are compared. */
export type Spellings = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A value that nodes spell in different ways. */
export interface DisputedValue {
  field: string;
  key: string;
  /** One of its spellings. */
  text: string;
  /** Documents that have it, over all nodes. */
  count: number;
}

/** Orders by field for the facets asked for: only a field asked for by its own name has an order of its own (measured on 1.21). */
export function askedOrders(
  asked: readonly string[],
  orderOf: (field: string) => FacetOrder,
): (field: string) => FacetOrder {
  return (field) => orderOf(asked.includes('*') || !asked.includes(field) ? '*' : field);
}

/** Up to this many candidates Meilisearch counts document by document and lists numbers in the order of their text. */
const treeThreshold = 3_000;

/** A field in the answers of several nodes; numbers stand apart from strings. */
interface Field {
  numbers: CountedValues;
  strings: CountedValues;
  range: Range | null;
}

/** What some nodes' facets came to. */
interface Collected {
  nodes: readonly NodeFacets[];
  fields: ReadonlyMap<string, Field>;
}

function widen(a: Range | null, b: Range | null): Range | null {
  if (a === null || b === null) return a ?? b;
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/** Adds what one node counted of a field; `range`: of the numbers among its values. */
function addValues({ numbers, strings }: Field, counts: Readonly<Record<string, number>>, range: Range | null): void {
  for (const text in counts) (isNumber(text, range) ? numbers : strings).add(text, counts[text] as number);
}

function addNode(fields: Map<string, Field>, { distribution, stats }: NodeFacets): void {
  for (const [name, counts] of Object.entries(distribution)) {
    const field = fields.get(name) ?? { numbers: new CountedValues(), strings: new CountedValues(), range: null };
    fields.set(name, field);
    const range = Object.hasOwn(stats, name) ? (stats[name] ?? null) : null;
    addValues(field, counts, range);
    field.range = widen(field.range, range);
  }
}

/** All nodes' facets by field, put together once for all that look at them: the first node's keep it. */
function collect(nodes: readonly NodeFacets[]): ReadonlyMap<string, Field> {
  const [first] = nodes;
  if (first === undefined) return new Map();
  const before = first.collected;
  if (before?.nodes.length === nodes.length && before.nodes.every((node, i) => node === nodes[i])) return before.fields;
  const fields = new Map<string, Field>();
  for (const node of nodes) addNode(fields, node);
  first.collected = { nodes, fields };
  return fields;
}

type Order = (a: CountedValue, b: CountedValue) => number;
const byText: Order = (a, b) => compareBytes(a.value.key, b.value.key);
const bySize: Order = (a, b) => Number(a.value.key) - Number(b.value.key);

function sorted(values: CountedValues, ascending: Order, order: FacetOrder): CountedValue[] {
  const list = values.list();
  return order === 'alpha' ? list.sort(ascending) : list.sort((a, b) => b.count - a.count || ascending(b, a));
}

/**
 * How many values are left of a list when `used` are shown already. Where Meilisearch walks through its tree of values
 * (by count, or alphabetically among many candidates) it stops on reaching the maximum, and never does when that is
 * used up beforehand: all strings follow as many numbers as the maximum allows (measured on 1.21).
 */
function room(used: number, maxValues: number, fromTree: boolean): number | undefined {
  const left = Math.max(0, maxValues - used);
  return fromTree && left === 0 ? undefined : left;
}

/** The values of a field that are shown: numbers first, then strings. */
function listed(field: Field, order: FacetOrder, { candidates, maxValues }: FacetOptions) {
  const fromTree = order === 'count' || candidates > treeThreshold;
  const numbers = sorted(field.numbers, fromTree ? bySize : byText, order).slice(0, room(0, maxValues, fromTree));
  const strings = sorted(field.strings, byText, order).slice(0, room(numbers.length, maxValues, fromTree));
  return { numbers, strings };
}

/** A field's distribution as JSON text; a string that is written like a listed number replaces its count. */
function writeDistribution(field: Field, name: string, options: FacetOptions): string {
  const { numbers, strings } = listed(field, options.order(name), options);
  const spelt = options.spellings?.get(name);
  const written = ({ json, key }: FacetValue) => {
    const spelling = spelt?.get(key);
    return spelling === undefined ? json : JSON.stringify(spelling);
  };
  if (numbers.length === 0) return `{${strings.map(({ value, count }) => `${written(value)}:${count}`).join(',')}}`;
  const counts = new Map([...numbers, ...strings].map(({ value, count }) => [written(value), count]));
  return `{${Array.from(counts, ([value, count]) => `${value}:${count}`).join(',')}}`;
}

/**
 * One distribution and one set of statistics from those of several nodes that hold different documents. Exact when the
 * nodes list all their values.
 */
export function mergeFacets(nodes: readonly NodeFacets[], options: FacetOptions): FacetsJson {
  const fields = [...collect(nodes)]
    .filter(([name]) => !options.hidden.has(name))
    .sort(([a], [b]) => compareBytes(a, b));
  const distribution = fields.map(
    ([name, field]) => `${JSON.stringify(name)}:${writeDistribution(field, name, options)}`,
  );
  const stats = fields.flatMap(([name, { range }]) =>
    range === null ? [] : [`${JSON.stringify(name)}:{"min":${printDouble(range.min)},"max":${printDouble(range.max)}}`],
  );
  return { distribution: `{${distribution.join(',')}}`, stats: `{${stats.join(',')}}` };
}

/** Sum of the counts of one field over all nodes. */
export function sumCounts(nodes: readonly NodeFacets[], name: string): number {
  const field = collect(nodes).get(name);
  return field === undefined ? 0 : field.numbers.sum() + field.strings.sum();
}

/** Number of different values of one field over all nodes. */
export function countValues(nodes: readonly NodeFacets[], name: string): number {
  const field = collect(nodes).get(name);
  return field === undefined ? 0 : field.numbers.size + field.strings.size;
}

/** Values that the nodes spell in different ways. */
export function disputedValues(nodes: readonly NodeFacets[]): DisputedValue[] {
  return [...collect(nodes)].flatMap(([field, { strings }]) =>
    strings
      .list()
      .filter(({ disputed }) => disputed)
      .map(({ value: { key, text }, count }): DisputedValue => ({ field, key, text, count })),
  );
}
