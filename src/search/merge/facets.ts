import { decodeKey, rawFields, readMembers } from '../../json/scan.ts';
import type { FacetOrder } from '../settings-view.ts';
import { type CountedValues, type FacetValue, type NodeField, type Range, readField } from './facet-values.ts';
import { compareBytes } from './order.ts';

/** Facets of one node's answer, as JSON text. */
export interface NodeFacets {
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

/** A value in the answers of several nodes. */
interface Value {
  /** As the first of them spells it. */
  value: FacetValue;
  count: number;
  /** Whether it came in several spellings. */
  disputed: boolean;
}

interface Field {
  numbers: Map<string, Value>;
  strings: Map<string, Value>;
  range: Range | null;
}

function readRange(stats: string | undefined): Range | null {
  if (stats === undefined) return null;
  const fields = rawFields(stats);
  return { min: fields.get('min') ?? '0', max: fields.get('max') ?? '0' };
}

function widen(a: Range | null, b: Range | null): Range | null {
  if (a === null || b === null) return a ?? b;
  return {
    min: Number(b.min) < Number(a.min) ? b.min : a.min,
    max: Number(b.max) > Number(a.max) ? b.max : a.max,
  };
}

const known = new WeakMap<NodeFacets, ReadonlyMap<string, NodeField>>();

/** A node's facets by field, read once for all that look at them; `like`: those of another node in the same search. */
function fieldsOf(node: NodeFacets, like?: ReadonlyMap<string, NodeField>): ReadonlyMap<string, NodeField> {
  const before = known.get(node);
  if (before !== undefined) return before;
  const stats = rawFields(node.stats);
  const fields = new Map<string, NodeField>();
  const { distribution } = node;
  readMembers(distribution, 0, (keyStart, keyEnd, valueStart) => {
    const key = decodeKey(distribution.slice(keyStart, keyEnd));
    const { field, end } = readField(distribution, valueStart, readRange(stats.get(key)), like?.get(key));
    fields.set(key, field);
    return end;
  });
  known.set(node, fields);
  return fields;
}

function addTo(into: Map<string, Value>, { values, counts }: CountedValues): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as FacetValue;
    const count = counts[i] as number;
    const before = into.get(value.key);
    if (before === undefined) into.set(value.key, { value, count, disputed: false });
    else {
      before.count += count;
      before.disputed ||= before.value !== value && before.value.text !== value.text;
    }
  }
}

/** Adds one node's values; strings that differ only in case or width are one value. */
function addField(field: Field, { numbers, strings, range }: NodeField): void {
  addTo(field.numbers, numbers);
  addTo(field.strings, strings);
  field.range = widen(field.range, range);
}

/** The last thing that was collected from some nodes' facets, by the first of them. */
const collected = new WeakMap<NodeFacets, { nodes: readonly NodeFacets[]; fields: ReadonlyMap<string, Field> }>();

/** All nodes' facets by field, put together once for all that look at them. */
function collect(nodes: readonly NodeFacets[]): ReadonlyMap<string, Field> {
  const [first] = nodes;
  if (first === undefined) return new Map();
  const before = collected.get(first);
  if (before?.nodes.length === nodes.length && before.nodes.every((node, i) => node === nodes[i])) return before.fields;
  const fields = collectAnew(nodes);
  collected.set(first, { nodes, fields });
  return fields;
}

function collectAnew(nodes: readonly NodeFacets[]): Map<string, Field> {
  const fields = new Map<string, Field>();
  let like: ReadonlyMap<string, NodeField> | undefined;
  for (const node of nodes) {
    like = fieldsOf(node, like);
    for (const [name, values] of like) {
      const field = fields.get(name) ?? { numbers: new Map(), strings: new Map(), range: null };
      fields.set(name, field);
      addField(field, values);
    }
  }
  return fields;
}

const byText = (a: Value, b: Value) => compareBytes(a.value.key, b.value.key);
const bySize = (a: Value, b: Value) => Number(a.value.key) - Number(b.value.key);

function sorted(values: Map<string, Value>, ascending: (a: Value, b: Value) => number, order: FacetOrder): Value[] {
  const list = [...values.values()];
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

/** Values as they are written, with their counts: numbers first, then strings; a string that is written like a listed number replaces its count. */
function listed(field: Field, name: string, options: FacetOptions): Iterable<readonly [string, number]> {
  const order = options.order(name);
  const fromTree = order === 'count' || options.candidates > treeThreshold;
  const all = sorted(field.numbers, fromTree ? bySize : byText, order);
  const numbers = all.slice(0, room(0, options.maxValues, fromTree));
  const strings = sorted(field.strings, byText, order).slice(0, room(numbers.length, options.maxValues, fromTree));
  const spelt = options.spellings?.get(name);
  const written = ({ json, key }: FacetValue) => {
    const spelling = spelt?.get(key);
    return spelling === undefined ? json : JSON.stringify(spelling);
  };
  const shown = [...numbers, ...strings].map(({ value, count }) => [written(value), count] as const);
  return numbers.length === 0 ? shown : new Map(shown);
}

function writeDistribution(values: Iterable<readonly [string, number]>): string {
  let out = '';
  for (const [value, count] of values) out += `${out === '' ? '' : ','}${value}:${count}`;
  return `{${out}}`;
}

/**
 * One distribution and one set of statistics from those of several nodes that hold different documents. Exact when the
 * nodes list all their values. Returns JSON text, since objects would put keys that look like integers first.
 */
export function mergeFacets(nodes: readonly NodeFacets[], options: FacetOptions): NodeFacets {
  const fields = [...collect(nodes)]
    .filter(([name]) => !options.hidden.has(name))
    .sort(([a], [b]) => compareBytes(a, b));
  const distribution = fields.map(
    ([name, field]) => `${JSON.stringify(name)}:${writeDistribution(listed(field, name, options))}`,
  );
  const stats = fields.flatMap(([name, { range }]) =>
    range === null ? [] : [`${JSON.stringify(name)}:{"min":${range.min},"max":${range.max}}`],
  );
  return { distribution: `{${distribution.join(',')}}`, stats: `{${stats.join(',')}}` };
}

/** Sum of the counts of one field over all nodes. */
export function sumCounts(nodes: readonly NodeFacets[], name: string): number {
  let sum = 0;
  for (const node of nodes) {
    const field = fieldsOf(node).get(name);
    for (const count of field?.numbers.counts ?? []) sum += count;
    for (const count of field?.strings.counts ?? []) sum += count;
  }
  return sum;
}

/** Number of different values of one field over all nodes. */
export function countValues(nodes: readonly NodeFacets[], field: string): number {
  const merged = collect(nodes).get(field);
  return merged === undefined ? 0 : merged.numbers.size + merged.strings.size;
}

/** Values that the nodes spell in different ways. */
export function disputedValues(nodes: readonly NodeFacets[]): DisputedValue[] {
  return [...collect(nodes)].flatMap(([field, { strings }]) =>
    [...strings.values()]
      .filter(({ disputed }) => disputed)
      .map(({ value: { key, text }, count }): DisputedValue => ({ field, key, text, count })),
  );
}
