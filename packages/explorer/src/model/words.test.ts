import { describe, expect, test } from 'vitest';
import { keySuggestions, readDraft, valueSuggestions } from './completion.js';
import { clausesOf, formatClause, hasClause, toggledClause, withClause } from './filter-clauses.js';
import { formatAgo, formatBytes, formatCount, formatDuration, formatShare, momentInFull, niceStep } from './format.js';
import { lastLabel } from './time-range.js';

const service = (value: string, operator: '=' | '!=' = '=') => ({ field: 'service', operator, value }) as const;

describe('filters by click', () => {
  test('a second service replaces the first; leaving one out keeps others', () => {
    expect(withClause('service=a status=error', service('b'))).toBe('status=error service=b');
    expect(withClause('service!=a', service('b', '!='))).toBe('service!=a service!=b');
    expect(withClause('service!=a', service('a'))).toBe('service=a');
    expect(withClause('service=a', service('a'))).toBe('service=a');
  });

  test('toggling twice is as before', () => {
    const once = toggledClause('status=error', service('shop api'));
    expect(once).toBe('status=error service="shop api"');
    expect(hasClause(once, service('shop api'))).toBe(true);
    expect(toggledClause(once, service('shop api'))).toBe('status=error');
  });
});

describe('completion', () => {
  const keys = [
    { key: 'http.route', scope: 'span', count: 40 },
    { key: 'http.request.method', scope: 'span', count: 90 },
    { key: 'service.version', scope: 'resource', count: 70 },
    { key: 'status', scope: 'field', count: 100 },
  ] as const;
  const suggest = (text: string) => {
    const draft = readDraft(text);
    return draft.stage === 'key'
      ? keySuggestions(draft, keys)
      : valueSuggestions(draft, [{ value: 'POST /cart', count: 7 }]);
  };

  test('offers fields first, then attributes by how common they are', () => {
    expect(
      suggest('')
        .map((one) => one.label)
        .slice(-3),
    ).toEqual(['http.request.method', 'service.version', 'http.route']);
    expect(
      suggest('s')
        .map((one) => one.label)
        .slice(0, 5),
    ).toEqual(['service', 'status', 'span', 'scope', 'service.version']);
  });

  test('words that no key has are offered as words', () => {
    expect(suggest('checkout')[0]).toMatchObject({ text: 'checkout', complete: true });
  });

  test('values complete the clause, quoted where they must be', () => {
    expect(suggest('name=po')).toMatchObject([{ text: 'name="POST /cart"', complete: true, count: 7 }]);
    expect(suggest('-name=')[0]!.text).toBe('-name="POST /cart"');
    expect(clausesOf(suggest('resource.x.y=')[0]!.text).map(formatClause)).toEqual(['resource.x.y="POST /cart"']);
  });

  test('statuses and durations are known without asking', () => {
    const draft = readDraft('status=');
    expect(draft.stage === 'value' && valueSuggestions(draft, []).map((one) => one.label)).toEqual([
      'error',
      'ok',
      'unset',
    ]);
  });
});

describe('numbers for people', () => {
  test.each([
    [0, '0'],
    [412, '412 ns'],
    [1_240_000, '1.24 ms'],
    [87_000_000, '87.0 ms'],
    [999_960_000, '1.00 s'],
    [2_310_000_000, '2.31 s'],
    [252_000_000_000, '4 min 12 s'],
    [11_100_000_000_000, '3 h 05 min'],
    [-1_500_000, '−1.50 ms'],
    [Number.NaN, '–'],
  ])('a duration of %d ns', (nano, text) => {
    expect(formatDuration(nano)).toBe(text);
  });

  test('counts, bytes and shares', () => {
    expect([formatCount(9_999), formatCount(12_400), formatCount(3_100_000)]).toEqual(['9,999', '12.4 k', '3.1 M']);
    expect(formatBytes(3_912_004)).toBe('3.9 MB');
    expect([formatShare(0), formatShare(0.0004), formatShare(0.004), formatShare(0.5)]).toEqual([
      '0 %',
      '< 0.1 %',
      '0.4 %',
      '50 %',
    ]);
  });

  test('how long ago', () => {
    expect(formatAgo('1000000000000000000', 1_000_000_012_000)).toBe('12 s ago');
    expect(formatAgo('1000000000000000000', 999_999_999_000)).toBe('0 s ago');
  });

  test('axes get round steps', () => {
    expect([niceStep(1000, 10), niceStep(1030, 10), niceStep(7, 3)]).toEqual([100, 200, 5]);
  });
});

test('a stretch of time and a moment are said in full', () => {
  expect(['2m', '1h', '90s', '1w'].map(lastLabel)).toEqual([
    'Last 2 minutes',
    'Last hour',
    'Last 90 seconds',
    'Last week',
  ]);
  // The reader's own zone, named, and the same moment for everybody.
  expect(momentInFull('1795154032873123456')).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:52\.873123 \S+\n2026-11-20T05:53:52\.873123Z$/,
  );
});
