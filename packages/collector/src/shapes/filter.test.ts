import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Clause, FILTER_FIELDS, type FilterOperator, formatFilter, parseDuration, parseFilter } from './filter.js';

function clausesOf(text: string): Omit<Clause, 'start' | 'end'>[] {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(`${parsed.message} at ${parsed.position} of ${text}`);
  return parsed.clauses.map(({ start: _start, end: _end, ...rest }) => rest);
}

describe('reading a filter', () => {
  test('every form of clause is read', () => {
    expect(clausesOf('service=checkout name="POST /cart" status = error duration>250ms')).toEqual([
      { field: 'service', operator: '=', value: 'checkout' },
      { field: 'name', operator: '=', value: 'POST /cart' },
      { field: 'status', operator: '=', value: 'error' },
      { field: 'duration', operator: '>', value: '250ms' },
    ]);
    expect(clausesOf('http.route=~"^/api" db.system.name!=redis resource.k8s.pod.name=web-1 span.name=x')).toEqual([
      { field: 'attribute', key: 'http.route', operator: '=~', value: '^/api' },
      { field: 'attribute', key: 'db.system.name', operator: '!=', value: 'redis' },
      { field: 'attribute', key: 'k8s.pod.name', from: 'resource', operator: '=', value: 'web-1' },
      { field: 'attribute', key: 'name', from: 'span', operator: '=', value: 'x' },
    ]);
    expect(clausesOf('http.request.method? -http.request.method? free "two words" -bad')).toEqual([
      { field: 'attribute', key: 'http.request.method', operator: 'exists', value: '' },
      { field: 'attribute', key: 'http.request.method', operator: 'not-exists', value: '' },
      { field: 'text', operator: 'contains', value: 'free' },
      { field: 'text', operator: 'contains', value: 'two words' },
      { field: 'text', operator: 'not-contains', value: 'bad' },
    ]);
  });

  test('a minus turns each operator into its opposite', () => {
    expect(clausesOf('-status=error -n>5 -n>=5 -n<5 -n<=5 -k=~x -k!~x -k!=x').map((clause) => clause.operator)).toEqual(
      ['!=', '<=', '<', '>=', '>', '!~', '=~', '='],
    );
  });

  test('a quoted key is an attribute even where it is called like a field', () => {
    expect(clausesOf('"name"=x span."two words"="" "service"?')).toEqual([
      { field: 'attribute', key: 'name', operator: '=', value: 'x' },
      { field: 'attribute', key: 'two words', from: 'span', operator: '=', value: '' },
      { field: 'attribute', key: 'service', operator: 'exists', value: '' },
    ]);
  });

  test('a bare value runs to the next space, whatever is in it', () => {
    expect(clausesOf('url.full=https://a/b?c=d&e>f next')).toEqual([
      { field: 'attribute', key: 'url.full', operator: '=', value: 'https://a/b?c=d&e>f' },
      { field: 'text', operator: 'contains', value: 'next' },
    ]);
  });

  test('a backslash that starts no known escape stays, so patterns read as typed', () => {
    expect(clausesOf('a=~"^\\d+\\.x\\"$"')[0]?.value).toBe('^\\d+\\.x"$');
  });

  test('an "and" between clauses is skipped', () => {
    expect(clausesOf('a=1 and b=2 AND c=3 && "and"').length).toBe(4);
    expect(clausesOf('and=1')).toEqual([{ field: 'attribute', key: 'and', operator: '=', value: '1' }]);
  });

  test('clauses know where they stand', () => {
    const text = '  service = a  -"b c"';
    const parsed = parseFilter(text);
    expect(parsed.ok && parsed.clauses.map((clause) => text.slice(clause.start, clause.end))).toEqual([
      'service = a',
      '-"b c"',
    ]);
  });

  test.each([
    ['a=', 2, /value is missing/],
    ['=a', 0, /key is missing/],
    ['a="b', 2, /never closed/],
    ['x duration>5', 11, /unit/],
    ['duration=~5ms', 10, /pattern/],
    ['status=bad', 7, /unset, ok, error/],
    ['kind=srv', 5, /server/],
    ['http.response.status_code>abc', 26, /not one/],
    ['service>a', 8, /compares numbers/],
    ['trace=xyz', 6, /32 hexadecimal/],
    ['a=1 or b=2', 4, /no "or"/],
    ['not a=1', 0, /negate/],
    ['a="b"c', 5, /space is missing/],
    ['name?', 0, /Every span has a name/],
    ['- a', 0, /clause is missing/],
    ['span.=1', 0, /name of an attribute/],
  ])('a mistake in %s has a position and a sentence', (text, position, message) => {
    const parsed = parseFilter(text);
    expect(parsed).toMatchObject({ ok: false, position });
    expect(!parsed.ok && parsed.message).toMatch(message);
  });

  test('no text makes it throw, and positions stay inside of the text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('"', '=', '!=', '=~', '?', '-', ' ', '\\', 'service', 'duration', '5ms', 'and', 'span.'),
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (text) => {
          const parsed = parseFilter(text);
          if (!parsed.ok) {
            expect(parsed.position).toBeGreaterThanOrEqual(0);
            expect(parsed.position).toBeLessThanOrEqual(text.length);
            expect(parsed.message).toMatch(/\.$/);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('writing a filter', () => {
  const anyString = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string(),
    fc.constantFrom('a=b', '"', '\\', '-x', 'and', 'a\nb', '?', 'x?', '=~', 'span.x', ''),
  );
  const key = anyString;
  const operator = fc.constantFrom<FilterOperator>('=', '!=', '=~', '!~');
  const clause = fc.oneof(
    fc.record({
      field: fc.constant('text' as const),
      operator: fc.constantFrom<FilterOperator>('contains', 'not-contains'),
      value: anyString,
    }),
    fc.record({
      field: fc.constantFrom('service' as const, 'name' as const, 'scope' as const),
      operator,
      value: anyString,
    }),
    fc.record({ field: fc.constant('attribute' as const), key, operator, value: anyString }),
    fc.record({
      field: fc.constant('attribute' as const),
      key,
      from: fc.constantFrom('span' as const, 'resource' as const),
      operator,
      value: anyString,
    }),
    fc.record({
      field: fc.constant('attribute' as const),
      key,
      operator: fc.constantFrom<FilterOperator>('exists', 'not-exists'),
      value: fc.constant(''),
    }),
    fc.record({
      field: fc.constant('attribute' as const),
      key,
      operator: fc.constantFrom<FilterOperator>('>', '>=', '<', '<='),
      value: fc.integer().map(String),
    }),
    fc.record({
      field: fc.constant('duration' as const),
      operator: fc.constantFrom<FilterOperator>('>', '>=', '=', '!='),
      value: fc.constantFrom('5ns', '1.5s', '2m'),
    }),
    fc.record({
      field: fc.constant('status' as const),
      operator: fc.constantFrom<FilterOperator>('=', '!='),
      value: fc.constantFrom('ok', 'error', 'unset'),
    }),
  );

  test('what is written reads back as the same clauses', () => {
    fc.assert(
      fc.property(fc.array(clause), (clauses) => {
        expect(clausesOf(formatFilter(clauses))).toEqual(clauses);
      }),
      { numRuns: 2000 },
    );
  });

  test('plain filters are written without quotation marks', () => {
    const text = 'service=checkout status=error duration>250ms http.route=~^/api -http.request.method? word';
    expect(formatFilter(clausesOf(text))).toBe(text);
  });

  test('every field name is a bare word', () => {
    for (const field of FILTER_FIELDS) expect(field).toMatch(/^[a-z]+$/);
  });
});

test('durations are read in every unit', () => {
  expect(['5ns', '800us', '800µs', '250ms', '1.5s', '2m', '1h', '1m30s'].map(parseDuration)).toEqual([
    5, 800e3, 800e3, 250e6, 1.5e9, 120e9, 3600e9, 90e9,
  ]);
  expect(['', '5', 'ms', '-5ms', '5 ms', '5days', '1e3ms', '99999999h'].map(parseDuration)).toEqual(
    Array(8).fill(undefined),
  );
});
