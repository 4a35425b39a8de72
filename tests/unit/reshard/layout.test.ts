import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseShard, shardField, stamp } from '../../../src/documents/markers.ts';
import { rawFields } from '../../../src/json/scan.ts';
import { initHash, shardOf } from '../../../src/placement/hash.ts';
import { byNode, classCount, inShard, layersOf, shardClasses } from '../../../src/reshard/layout.ts';

beforeAll(initHash);

const shards = fc.integer({ min: 1, max: 200 });

describe('classes of shards', () => {
  test('are as small as two numbers of shards allow', () => {
    expect(shardClasses(4, 16)).toEqual([0, 1, 2, 3].map((k) => ({ from: [k], to: [k, k + 4, k + 8, k + 12] })));
    expect(shardClasses(4, 6)).toEqual([
      { from: [0, 2], to: [0, 2, 4] },
      { from: [1, 3], to: [1, 3, 5] },
    ]);
    expect(shardClasses(3, 4)).toEqual([{ from: [0, 1, 2], to: [0, 1, 2, 3] }]);
  });

  test('name each shard once, and no document leaves its class (property)', () => {
    fc.assert(
      fc.property(shards, shards, fc.string(), (from, to, id) => {
        const classes = shardClasses(from, to);
        const sorted = (list: number[]) => list.sort((a, b) => a - b);
        expect(sorted(classes.flatMap((some) => some.from))).toEqual(Array.from({ length: from }, (_, i) => i));
        expect(sorted(classes.flatMap((some) => some.to))).toEqual(Array.from({ length: to }, (_, i) => i));
        const place = classes.findIndex((some) => some.from.includes(shardOf(id, from)));
        expect(classes[place]?.to).toContain(shardOf(id, to));
        expect(shardOf(id, classCount(from, to))).toBe(place);
      }),
    );
  });
});

test('copies fall into as few layers as the most copied shard has copies', () => {
  const copies = [
    { shard: 0, nodeId: 'a' },
    { shard: 0, nodeId: 'b' },
    { shard: 1, nodeId: 'b' },
    { shard: 2, nodeId: 'a' },
    { shard: 2, nodeId: 'c' },
  ];
  const layers = layersOf(copies);
  expect(layers.map((layer) => Object.fromEntries(layer))).toEqual([
    { 0: 'a', 1: 'b', 2: 'a' },
    { 0: 'b', 2: 'c' },
  ]);
  expect(Object.fromEntries(byNode(layers[0]!))).toEqual({ a: [0, 2], b: [1] });
});

describe('a document in another shard', () => {
  test('keeps every other character (property)', () => {
    const document = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    const number = fc.integer({ min: 0, max: 4_095 });
    fc.assert(
      fc.property(document, number, number, fc.bigInt({ min: 0n, max: 1n << 56n }), (raw, before, after, version) => {
        expect(inShard(stamp(raw, before, version), after)).toBe(stamp(raw, after, version));
      }),
    );
  });

  test('is not misled by what clients write, nor by where the node puts the marker', () => {
    const inner = `"nested":{"${shardField}":"mine"},"text":"\\"${shardField}\\":\\"x\\""`;
    const raw = `{"a":1.0,"${shardField}":"§§§§§§§§§§§§",${inner}}`;
    const moved = inShard(raw, 5);
    expect(parseShard(JSON.parse(rawFields(moved).get(shardField)!))).toBe(5);
    expect(moved).toContain(inner);
    expect(moved.startsWith('{"a":1.0,')).toBe(true);
  });

  test('has to have a marker', () => {
    expect(() => inShard('{"a":1}', 1)).toThrow('without a shard marker');
  });
});
