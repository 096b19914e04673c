import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatIds,
  formatSearch,
  parseSearch,
  readIds,
  readPair,
  readSearchAddress,
  readSelection,
  readTraceAddress,
} from './address.js';
import {
  absoluteRange,
  formatTimeSearch,
  fromUnixNano,
  lastMs,
  parseMoment,
  parseTimeSearch,
  toUnixNano,
} from './time-range.js';

describe('the address', () => {
  test('what is written reads back the same, whatever the filter holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (q) => {
        expect(parseSearch(formatSearch({ q, sort: 'slowest' }))).toEqual({ q, sort: 'slowest' });
      }),
    );
  });

  test('a filter stays readable in it', () => {
    expect(formatSearch({ q: 'service=shop-api duration>250ms', last: undefined })).toBe(
      '?q=service=shop-api+duration>250ms',
    );
  });

  test('what does not read is left out, and the rest is kept', () => {
    expect(readSearchAddress({ q: 'a', sort: 'upwards', sel: 'x', last: 'soon', at: 'me' })).toEqual({ q: 'a' });
    expect(readTraceAddress({ span: '00f067aa0ba902b7', zoom: '5', closed: 'all', find: 'x', path: '1' })).toEqual({
      span: '00f067aa0ba902b7',
      find: 'x',
    });
  });

  test('pairs must be ranges', () => {
    expect(readSelection('5-9')).toEqual({ startMs: 5, endMs: 9 });
    expect(readSelection('9-5')).toBeUndefined();
    expect(readPair('100-200')).toEqual({ from: 100, to: 200 });
  });

  test('chosen ids are written the shorter way and read back', () => {
    const all = Array.from({ length: 20 }, (_, index) => index.toString(16).padStart(16, '0'));
    const possible = [...all.keys()];
    expect(formatIds(new Set(), all, possible)).toBeUndefined();
    expect(formatIds(new Set(possible), all, possible)).toBe('*');
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(19)), (chosen) => {
        const set = new Set(chosen);
        expect(readIds(formatIds(set, all, possible), all)).toEqual(set);
      }),
    );
  });
});

describe('time ranges', () => {
  test('relative and absolute ones survive the address', () => {
    for (const search of [{}, { last: '15m' }, { from: '2026-11-20T03:00:00.000Z', to: '2026-11-20T04:00:00.000Z' }]) {
      const written = formatTimeSearch(parseTimeSearch(search));
      expect(JSON.parse(JSON.stringify(written))).toEqual(search);
    }
  });

  test('nonsense falls back to the last hour', () => {
    expect(parseTimeSearch({ last: 'never' })).toEqual({ kind: 'last', last: '1h' });
    expect(parseTimeSearch({ from: '2026-11-20T05:00Z', to: '2026-11-20T04:00Z' })).toEqual({
      kind: 'last',
      last: '1h',
    });
  });

  test('relative ranges end at the given now', () => {
    expect(absoluteRange({ kind: 'last', last: '5m' }, 1_000_000)).toEqual({ startMs: 700_000, endMs: 1_000_000 });
    expect(lastMs('2w')).toBe(14 * 86_400_000);
    expect(lastMs('0m')).toBeUndefined();
  });

  test('people write times in several ways', () => {
    const now = new Date(2026, 10, 20, 12, 0, 0);
    expect(parseMoment('04:25', now)).toBe(new Date(2026, 10, 20, 4, 25, 0).getTime());
    expect(parseMoment('2026-11-20 04:25:10')).toBe(new Date(2026, 10, 20, 4, 25, 10).getTime());
    expect(parseMoment('yesterday')).toBeNaN();
  });

  test('milliseconds become nanoseconds and come back', () => {
    expect(toUnixNano(1_795_149_763_233)).toBe('1795149763233000000');
    expect(toUnixNano(0.25)).toBe('250000');
    expect(fromUnixNano('1795149763233500000')).toBe(1_795_149_763_233.5);
  });
});
