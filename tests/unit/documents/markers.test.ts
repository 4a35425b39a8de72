import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createVersionClock,
  maxShards,
  parseShard,
  parseVersion,
  reservedSeparators,
  shardField,
  shardFilter,
  shardMarker,
  stamp,
  stampedBytes,
  versionField,
  versionMarker,
} from '../../../src/documents/markers.ts';

const seeded = { seed: 4, numRuns: 300 };
const version = fc.bigInt({ min: 0n, max: (1n << 57n) - 1n });

describe('marker texts', () => {
  it('tell all shards apart at one width', () => {
    const texts = new Set([...Array(maxShards).keys()].map(shardMarker));
    expect(texts.size).toBe(maxShards);
    for (const text of texts) expect(text).toHaveLength(12);
    expect(() => shardMarker(maxShards)).toThrow(RangeError);
    expect(() => shardMarker(-1)).toThrow(RangeError);
  });

  it('read back', () => {
    fc.assert(
      fc.property(fc.nat(maxShards - 1), version, (shard, value) => {
        expect(parseShard(shardMarker(shard))).toBe(shard);
        expect(parseVersion(versionMarker(value))).toBe(value);
      }),
      seeded,
    );
    for (const text of ['', 'x'.repeat(19), '¡'.repeat(18)]) expect(parseVersion(text)).toBeNull();
    for (const text of ['', '¡'.repeat(12), '§'.repeat(11)]) expect(parseShard(text)).toBeNull();
  });

  it('order as the numbers do', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(versionMarker(a) < versionMarker(b)).toBe(a < b);
      }),
      seeded,
    );
  });

  it('are left alone by normalisation and made of reserved characters only', () => {
    for (const text of [shardMarker(2730), versionMarker(123456789012345678n), versionMarker(0n)]) {
      expect(text.trim().normalize('NFKD').toLowerCase()).toBe(text);
      for (const c of text) expect(reservedSeparators).toContain(c);
    }
  });
});

describe('stamp', () => {
  it('adds two last members and changes nothing else', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(0, 2),
        fc.nat(4095),
        version,
        (doc, indent, s, v) => {
          const raw = JSON.stringify(doc, null, indent);
          const stamped = stamp(raw, s, v);
          expect(stamped.startsWith(raw.slice(0, -1))).toBe(true);
          expect(JSON.parse(stamped)).toEqual({
            ...(JSON.parse(raw) as object),
            [shardField]: shardMarker(s),
            [versionField]: versionMarker(v),
          });
          expect(stamped.endsWith(`"${versionMarker(v)}"}`)).toBe(true);
          expect(stampedBytes(raw)).toBe(Buffer.byteLength(stamped));
        },
      ),
      seeded,
    );
  });

  it.each(['{}', '{ }', '{\n\t}', '{"a":{}}', '{"a":"{"}', '{"a":[]  }'])('handles %s', (raw) => {
    expect(() => JSON.parse(stamp(raw, 1, 1n))).not.toThrow();
    expect(stampedBytes(raw)).toBe(Buffer.byteLength(stamp(raw, 1, 1n)));
  });
});

describe('shard filter', () => {
  it('quotes each value', () => {
    expect(shardFilter([0, 1])).toBe('_miroir_shard IN ["§§§§§§§§§§§§", "§§§§§§§§§§§¶"]');
    expect(shardFilter([])).toBe('_miroir_shard IN []');
  });
});

describe('version clock', () => {
  it('grows whatever the wall clock does, and reserves ranges', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 9000 })), { minLength: 1 }), (steps) => {
        let wall = 0;
        const clock = createVersionClock(() => wall, 7n);
        let used = 7n;
        for (const [at, count] of steps) {
          wall = at;
          const first = clock.next(count);
          expect(first).toBeGreaterThan(used);
          used = first + BigInt(count) - 1n;
          expect(clock.last()).toBe(used);
        }
      }),
      seeded,
    );
  });

  it('follows the wall clock, and what others have used', () => {
    let wall = 1_000;
    const clock = createVersionClock(() => wall);
    expect(clock.next()).toBe(4_096_000n);
    expect(clock.next()).toBe(4_096_001n);
    wall = 2_000.7;
    expect(clock.next()).toBe(8_192_000n);
    clock.observe(9_999_999n);
    clock.observe(5n);
    expect(clock.next()).toBe(10_000_000n);
  });
});
