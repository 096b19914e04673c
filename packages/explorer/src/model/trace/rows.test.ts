import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildColumns } from './build-columns.js';
import type { TraceColumns } from './columns.js';
import { FOLD_FROM } from './folds.js';
import { type Drawn, drawTrace } from './made-trace.test-helper.js';
import { foldIndex, isFold, layoutRows, type Rows, revealed, rowOfSpan } from './rows.js';
import { clampWindow, fitWindow, panWindow, showInWindow, zoomWindow } from './view-window.js';

/** A loop of equal statements, two of which failed, and something else. */
function loop(count = 30): TraceColumns {
  const spans: Drawn[] = [
    { id: 'a', at: 0, took: 1000 },
    { id: 'other', parent: 'a', at: 1, took: 2 },
  ];
  for (let i = 0; i < count; i++)
    spans.push({ id: `q${i}`, parent: 'a', name: 'select', at: 10 + i * 10, took: i + 1, error: i === 4 || i === 9 });
  return buildColumns(drawTrace(spans));
}

const shown = (columns: TraceColumns, rows: Rows): string[] =>
  Array.from({ length: rows.length }, (_, row) => {
    const item = rows.item[row]!;
    return isFold(item) ? `fold of ${columns.folds[foldIndex(item)]!.members.length}` : columns.spanIds[item]!;
  });
const all = { closed: new Set<number>(), open: new Set<number>() };

describe('rows', () => {
  test('many equal children are one row; those that failed stay apart', () => {
    const columns = loop();
    expect(shown(columns, layoutRows(columns, all))).toEqual(['a', 'other', 'fold of 28', 'q4', 'q9']);
    expect(columns.folds[0]).toMatchObject({ id: 'q0', minNano: 1e6, maxNano: 30e6, errors: 0 });
    expect(columns.folds[0]!.p50Nano).toBeCloseTo(17e6, -6);
  });

  test('fewer than the limit are left as they are', () => {
    expect(loop(FOLD_FROM - 1).folds).toHaveLength(0);
  });

  test('an opened fold shows its members below it, one level deeper', () => {
    const columns = loop();
    const rows = layoutRows(columns, { ...all, open: new Set([0]) });
    expect(rows.length).toBe(2 + 1 + 30);
    expect([...rows.depth.slice(0, 5)]).toEqual([0, 1, 1, 2, 2]);
  });

  test('a closed span hides what is below', () => {
    const columns = loop();
    expect(shown(columns, layoutRows(columns, { ...all, closed: new Set([0]) }))).toEqual(['a']);
  });

  test('only matches and the way to them, also inside of folds', () => {
    const columns = loop();
    const keep = new Uint8Array(columns.count);
    keep[0] = 1;
    keep[columns.spanIds.indexOf('q7')] = 1;
    expect(shown(columns, layoutRows(columns, { ...all, keep }))).toEqual(['a', 'fold of 28', 'q7']);
  });

  test('a hidden span is brought to light by opening what hides it, and nothing else', () => {
    const columns = loop();
    const hidden = columns.spanIds.indexOf('q7');
    const options = { closed: new Set([0]), open: new Set<number>() };
    const opened = revealed(columns, hidden, options)!;
    expect(shown(columns, layoutRows(columns, opened))).toContain('q7');
    expect(revealed(columns, hidden, opened)).toBeUndefined();
  });

  test('a span without a row is stood for by its fold or its nearest shown ancestor', () => {
    const columns = loop();
    const rows = layoutRows(columns, all);
    expect(rowOfSpan(columns, rows)[columns.spanIds.indexOf('q7')]).toBe(2);
    const closed = layoutRows(columns, { ...all, closed: new Set([0]) });
    expect(rowOfSpan(columns, closed)[columns.spanIds.indexOf('q7')]).toBe(0);
  });

  test('with everything open each span has exactly one row', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(2)), { maxLength: 120 }), (made) => {
        const columns = buildColumns(
          drawTrace([
            { id: 'r', at: 0, took: 1 },
            ...made.map(([parent, name], index) => ({
              id: `s${index}`,
              parent: index === 0 || parent % 3 === 0 ? 'r' : `s${parent % index}`,
              name: `n${name}`,
              at: index,
              took: 1,
            })),
          ]),
        );
        const rows = layoutRows(columns, { closed: new Set(), open: new Set(columns.folds.keys()) });
        const spans = [...rows.item].filter((item) => !isFold(item)).sort((a, b) => a - b);
        expect(spans).toEqual(Array.from({ length: columns.count }, (_, span) => span));
        expect(rowOfSpan(columns, rows).every((row, span) => rows.item[row] === span)).toBe(true);
      }),
    );
  });
});

describe('the window on the time', () => {
  test('stays within the trace', () => {
    expect(clampWindow({ from: -50, to: 2000 }, 1000)).toEqual({ from: 0, to: 1000 });
    expect(panWindow({ from: 800, to: 1000 }, 500, 1000)).toEqual({ from: 800, to: 1000 });
  });

  test('zooms around the point under the hand', () => {
    const near = zoomWindow({ from: 0, to: 100_000 }, 0.5, 25_000, 100_000);
    expect(near).toEqual({ from: 12_500, to: 62_500 });
    expect(zoomWindow(near, 100, 30_000, 100_000)).toEqual({ from: 0, to: 100_000 });
  });

  test('fits a span with air, and moves only when the span is out of sight', () => {
    expect(fitWindow(40_000, 60_000, 100_000)).toEqual({ from: 38_400, to: 61_600 });
    const view = { from: 0, to: 10_000 };
    expect(showInWindow(view, 9_000, 20_000, 100_000)).toBe(view);
    expect(showInWindow(view, 50_000, 51_000, 100_000)).toEqual({ from: 48_500, to: 58_500 });
  });
});
