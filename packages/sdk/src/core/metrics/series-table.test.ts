import type { Attributes } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeOtlp, plainAttributes } from '../../../../testkit/src/otlp-proto.js';
import { KeyCache } from '../wire/encoded-key.js';
import { type SeriesRules, SeriesTable } from './series-table.js';

/** `Resource.attributes` (field 1): what is in the table is then a whole message. */
const resourceAttributes = 0x0a;

function table(limit = 1_000, rules: Partial<SeriesRules> = {}) {
  const added: number[] = [];
  const made = new SeriesTable({ keys: new KeyCache(), limit, ...rules }, resourceAttributes, {
    grow() {},
    added: (series) => added.push(series),
  });
  const attributesOf = (series: number) => {
    const bytes = made.encoded(series);
    expect(bytes.length).toBe(made.size(series));
    const { attributes } = decodeOtlp<{ attributes: [] }>('Resource', bytes);
    return plainAttributes(attributes);
  };
  return { table: made, added, attributesOf, find: (attributes?: unknown) => made.find(attributes as Attributes) };
}

const value = fc.oneof(
  fc.constantFrom<unknown>('a', 'b', 'ü', '', 0, 1, -1, 1.5, Number.NaN, true, false, undefined, null, 2n),
  fc.constantFrom<unknown>(['a'], ['a', 'b'], [1, 2], [], [true]),
  fc.constantFrom<unknown>({}, [{}], ['a', 1]),
);
const attributes = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'é', ''), value), {
  maxLength: 5,
  selector: ([key]) => key,
});

/** What makes attributes the same: what of them is on the wire, whatever their order. */
function canonical(pairs: readonly (readonly [string, unknown])[]): string {
  const valid = pairs.filter(
    ([key, each]) =>
      key !== '' &&
      (Array.isArray(each)
        ? each.every((item) => typeof item === typeof each[0] && typeof item !== 'object')
        : each !== null && /^(string|number|boolean|bigint)$/.test(typeof each)),
  );
  const text = (each: unknown): string =>
    Array.isArray(each) ? `[${each.map(text)}]` : `${typeof each}:${String(each)}`;
  return JSON.stringify(valid.map(([key, each]) => [key, text(each)]).sort(([a], [b]) => (a! < b! ? -1 : 1)));
}

/** An object whose keys are its own, `__proto__` too. */
const asObject = (pairs: readonly (readonly [string, unknown])[]) => {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, each] of pairs) object[key] = each;
  return object;
};

test('the same attributes are one series and others another, in any order, asked again and again', () => {
  fc.assert(
    fc.property(fc.array(attributes, { maxLength: 40 }), (all) => {
      const { find, added, attributesOf } = table();
      const known = new Map<string, number>();
      for (const pairs of [...all, ...all]) {
        const series = find(asObject(pairs));
        const name = canonical(pairs);
        expect(series).toBe(known.get(name) ?? known.size);
        known.set(name, series);
        expect(Object.keys(attributesOf(series)).length).toBe((JSON.parse(name) as unknown[]).length);
      }
      expect(added).toEqual([...known.values()]);
    }),
    { numRuns: 300 },
  );
});

test('an object that was changed is other attributes; one of the same content is the same', () => {
  const { find, attributesOf } = table();
  const route = { route: '/a', code: 200 };
  expect(find(route)).toBe(0);
  route.route = '/b';
  expect(find(route)).toBe(1);
  expect(find({ code: 200, route: '/a' })).toBe(0);
  expect(find({ route: '/a' })).toBe(2);
  expect(find()).toBe(3);
  expect(find({})).toBe(3);
  expect(attributesOf(1)).toEqual({ route: '/b', code: 200n });
});

test('an inherited property is no attribute', () => {
  const { find, attributesOf } = table();
  const heir = Object.assign(Object.create({ inherited: 'x' }), { own: 'y' });
  expect(find(heir)).toBe(0);
  expect(attributesOf(0)).toEqual({ own: 'y' });
  expect(find({ own: 'y' })).toBe(0);
});

test('beyond the limit all are one series that says so, and those that were there stay apart', () => {
  const { find, attributesOf, table: made } = table(3);
  expect([find({ n: 1 }), find({ n: 2 }), find({ n: 3 }), find({ n: 4 }), find({ n: 1 })]).toEqual([0, 1, 2, 2, 0]);
  expect(made.overflow).toBe(2);
  expect(attributesOf(2)).toEqual({ 'otel.metric.overflow': true });
});

test('series that are forgotten make room; the others keep their order, their attributes and what they hold', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(50), { maxLength: 20 }), fc.array(fc.nat(50), { maxLength: 20 }), (all, kept) => {
      const { find, attributesOf, table: made } = table(100);
      for (const n of all) find({ n });
      const moved = all.map((_, i) => i);
      made.compact(
        (series) => kept.includes(all[series]!),
        (to, from) => {
          moved[to] = moved[from]!;
        },
      );
      const left = all.filter((n) => kept.includes(n));
      expect(made.count).toBe(left.length);
      left.forEach((n, i) => {
        expect(all[moved[i]!]).toBe(n);
        expect(attributesOf(i)).toEqual({ n: BigInt(n) });
      });
      for (const n of [...left, ...all]) expect(attributesOf(find({ n }))).toEqual({ n: BigInt(n) });
      expect(made.count).toBe(all.length);
    }),
  );
});

test('a key that is left out, or told apart by less than its value, needs no way for each of its values [F14]', () => {
  let shaped = 0;
  const { find, attributesOf } = table(10, {
    shapeOf(key) {
      if (key === 'user') return () => undefined;
      if (key !== 'size') return undefined;
      return (value) => {
        shaped++;
        return Number(value) % 2;
      };
    },
  });
  // Far more than ways are remembered.
  for (let user = 0; user < 500; user++) expect(find({ route: '/a', user, size: user })).toBe(user % 2);
  expect([attributesOf(0), attributesOf(1)]).toEqual([
    { route: '/a', size: 0n },
    { route: '/a', size: 1n },
  ]);
  shaped = 0;
  // Twice where it is not known yet.
  expect(find({ user: {} as never, size: 7, route: '/a' })).toBe(1);
  const learning = shaped;
  expect(find({ user: [[]] as never, size: 9, route: '/a' })).toBe(1);
  expect(shaped).toBe(learning + 1);
});

test('attributes of a series are capped in number and length [F14]', () => {
  const { find, attributesOf } = table(10, { maxAttributes: 2, maxValueLength: 3 });
  expect(find({ c: 1, b: 'abcdef', a: true })).toBe(0);
  expect(find({ a: true, b: 'abcxyz', d: 5 })).toBe(0);
  expect(attributesOf(0)).toEqual({ a: true, b: 'abc' });
});

test('ten thousand series keep their names', () => {
  const { find, attributesOf } = table(20_000);
  for (let i = 0; i < 10_000; i++) expect(find({ user: `user-${i}`, method: i % 2 ? 'GET' : 'POST' })).toBe(i);
  for (let i = 0; i < 10_000; i += 997) {
    expect(find({ method: i % 2 ? 'GET' : 'POST', user: `user-${i}` })).toBe(i);
    expect(attributesOf(i)).toEqual({ user: `user-${i}`, method: i % 2 ? 'GET' : 'POST' });
  }
});

test('values of secret keys are one value [F26]', () => {
  const { find, attributesOf } = table(10, {
    shapeOf: (key) => (key === 'token' ? () => '[REDACTED]' : undefined),
  });
  expect(find({ token: 'a', n: 1 })).toBe(0);
  expect(find({ token: 'b', n: 1 })).toBe(0);
  expect(attributesOf(0)).toEqual({ token: '[REDACTED]', n: 1n });
});
