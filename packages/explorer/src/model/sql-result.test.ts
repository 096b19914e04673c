import { expect, test } from 'vitest';
import { chartOf, toCsv, toJson } from './sql-result.js';

const column = (name: string, type: string) => ({ name, type });

test('a result is copied as CSV and as JSON, with what has commas, quotes and lines kept', () => {
  const table = {
    columns: [column('a', 'String'), column('b,c', 'Map(String, String)')],
    rows: [
      ['x, "y"\nz', { k: 'v' }],
      [null, {}],
    ],
  };
  expect(toCsv(table)).toBe('a,"b,c"\r\n"x, ""y""\nz","{""k"":""v""}"\r\n,{}');
  expect(JSON.parse(toJson(table))).toEqual([
    { a: 'x, "y"\nz', 'b,c': { k: 'v' } },
    { a: null, 'b,c': {} },
  ]);
});

test('numbers over times are lines, one for each word beside them', () => {
  const chart = chartOf({
    columns: [column('minute', 'DateTime'), column('service', 'LowCardinality(String)'), column('n', 'UInt64')],
    rows: [
      ['2026-11-22 01:01:00', 'pay', '3'],
      ['2026-11-22 01:00:00', 'web', '9'],
      ['2026-11-22 01:01:00', 'web', '7'],
    ],
  });
  expect(chart).toEqual({
    along: [Date.UTC(2026, 10, 22, 1, 0), Date.UTC(2026, 10, 22, 1, 1)],
    isTime: true,
    names: [],
    lines: [
      { name: 'web', values: [9, 7] },
      { name: 'pay', values: [null, 3] },
    ],
  });
});

test('a word of its own in each of many rows makes no square of them', () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => [
    new Date(index * 1_000).toISOString().slice(0, 19).replace('T', ' '),
    `trace ${index}`,
    index,
  ]);
  const chart = chartOf({
    columns: [column('at', 'DateTime'), column('trace', 'String'), column('n', 'UInt64')],
    rows,
  });
  expect(chart?.along).toHaveLength(20_000);
  expect(chart?.lines.map(({ name }) => name)).toEqual(
    Array.from({ length: 12 }, (_, place) => `trace ${19_999 - place}`),
  );
  expect(chart?.lines[0]?.values.at(-1)).toBe(19_999);
});

test('without a time numbers stand beside each other, and without a number nothing is drawn', () => {
  expect(
    chartOf({
      columns: [column('name', 'String'), column('n', 'Nullable(Float64)')],
      rows: [
        ['a', 1],
        ['b', null],
      ],
    }),
  ).toMatchObject({ isTime: false, names: ['a', 'b'], lines: [{ name: 'n', values: [1, null] }] });
  expect(chartOf({ columns: [column('name', 'String')], rows: [['a']] })).toBeUndefined();
});
