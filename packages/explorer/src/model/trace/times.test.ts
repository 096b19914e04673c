import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areaSums } from './area-sums.js';
import { buildColumns } from './build-columns.js';
import { clockOffsets } from './clock-skew.js';
import { SpanFlag, type TraceColumns } from './columns.js';
import { type Drawn, drawTrace } from './made-trace.test-helper.js';
import { layoutRows } from './rows.js';
import { selfSegments } from './self-time.js';

const MS = 1e6;
const build = (...spans: Drawn[]): TraceColumns => buildColumns(drawTrace(spans));
const pathOf = (columns: TraceColumns): string[] =>
  Array.from(
    columns.criticalSpan,
    (span, index) =>
      `${columns.spanIds[span]} ${columns.criticalStart[index]! / MS}-${columns.criticalEnd[index]! / MS}`,
  );

describe('self time', () => {
  test('is what no child covers, however children overlap or overhang', () => {
    const columns = build(
      { id: 'a', at: 0, took: 100 },
      { id: 'b', parent: 'a', at: 10, took: 30 },
      { id: 'c', parent: 'a', at: 20, took: 30 },
      { id: 'd', parent: 'a', at: 90, took: 50 },
    );
    expect(selfSegments(columns, 0).map((nano) => nano / MS)).toEqual([0, 10, 50, 90]);
    expect(columns.self[0]).toBe(50 * MS);
  });

  test('children after the end take nothing away', () => {
    const columns = build({ id: 'a', at: 0, took: 10 }, { id: 'b', parent: 'a', at: 20, took: 10 });
    expect(columns.self[0]).toBe(10 * MS);
  });
});

test('a page that joins the trace of its server: its clock is right, and the server has its own time', () => {
  const columns = build(
    { id: 'server', name: 'GET /*', at: 20, took: 10, kind: 'server', process: 1 },
    { id: 'load', name: 'documentLoad', parent: 'server', at: 0, took: 200 },
    { id: 'call', parent: 'load', at: 100, took: 40, kind: 'client' },
    { id: 'answer', parent: 'call', at: 110, took: 20, kind: 'server', process: 1 },
  );
  expect(columns.processes.map((process) => process.movedNano)).toEqual([0, 0, 0]);
  const at = (id: string): number => columns.spanIds.indexOf(id);
  expect(columns.self[at('server')]).toBe(10 * MS);
  expect(columns.self[at('load')]).toBe(160 * MS);
  expect(columns.start[at('load')]).toBe(0);
});

describe('the critical path', () => {
  test('goes through the child that was waited for, not through the one beside it', () => {
    const columns = build(
      { id: 'a', at: 0, took: 100 },
      { id: 'fast', parent: 'a', at: 10, took: 20 },
      { id: 'slow', parent: 'a', at: 10, took: 70 },
    );
    expect(pathOf(columns)).toEqual(['a 0-10', 'slow 10-80', 'a 80-100']);
    expect(columns.flags[columns.spanIds.indexOf('fast')]! & SpanFlag.critical).toBe(0);
  });

  test('goes through children one after another and into theirs', () => {
    const columns = build(
      { id: 'a', at: 0, took: 100 },
      { id: 'b', parent: 'a', at: 10, took: 30 },
      { id: 'b1', parent: 'b', at: 15, took: 20 },
      { id: 'c', parent: 'a', at: 50, took: 40 },
    );
    expect(pathOf(columns)).toEqual(['a 0-10', 'b 10-15', 'b1 15-35', 'b 35-40', 'a 40-50', 'c 50-90', 'a 90-100']);
  });

  test('follows what a short click set off to its end', () => {
    const columns = build(
      { id: 'click', at: 0, took: 5 },
      { id: 'fetch', parent: 'click', at: 3, took: 200 },
      { id: 'late', parent: 'click', at: 250, took: 50 },
    );
    expect(pathOf(columns)).toEqual(['click 0-3', 'fetch 3-203', 'late 250-300']);
  });

  test('its parts come in the order of time and never overlap', () => {
    const drawn = fc.array(fc.record({ parent: fc.nat(20), at: fc.nat(300), took: fc.nat(300) }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(drawn, (made) => {
        const columns = build(
          { id: 's0', at: 0, took: 200 },
          ...made.map((one, index) => ({
            id: `s${index + 1}`,
            parent: `s${one.parent % (index + 1)}`,
            at: one.at,
            took: one.took,
          })),
        );
        let end = Number.NEGATIVE_INFINITY;
        for (let index = 0; index < columns.criticalSpan.length; index++) {
          expect(columns.criticalStart[index]).toBeGreaterThanOrEqual(end);
          expect(columns.criticalEnd[index]).toBeGreaterThan(columns.criticalStart[index]!);
          const span = columns.criticalSpan[index]!;
          expect(columns.criticalStart[index]).toBeGreaterThanOrEqual(columns.start[span]!);
          expect(columns.criticalEnd[index]).toBeLessThanOrEqual(columns.start[span]! + columns.duration[span]!);
          end = columns.criticalEnd[index]!;
        }
      }),
    );
  });
});

describe('clocks', () => {
  const call = (childStart: number, childEnd: number, waited = true) => ({
    parentProcess: 0,
    childProcess: 1,
    parentStart: 100 * MS,
    parentEnd: 200 * MS,
    childStart: childStart * MS,
    childEnd: childEnd * MS,
    waited,
  });

  test('that agree are left alone', () => {
    expect([...clockOffsets(2, [call(120, 180), call(101, 199)], 0)]).toEqual([0, 0]);
  });

  test('a server that answers before it is asked is moved to the middle of the call', () => {
    expect(clockOffsets(2, [call(20, 80)], 0)[1]! / MS).toBe(100);
  });

  test('several calls narrow the offset', () => {
    // The first alone would allow 80…120, the second only 110…130.
    expect(clockOffsets(2, [call(20, 80), call(-10, 70)], 0)[1]! / MS).toBe(115);
  });

  test('a message may be handled long after it was sent', () => {
    expect(clockOffsets(2, [call(900, 950, false)], 0)[1]).toBe(0);
    expect(clockOffsets(2, [call(40, 950, false)], 0)[1]! / MS).toBe(60);
  });

  test('an offset is handed on to the processes behind', () => {
    const second = {
      parentProcess: 1,
      childProcess: 2,
      parentStart: 30 * MS,
      parentEnd: 70 * MS,
      childStart: 40 * MS,
      childEnd: 60 * MS,
      waited: true,
    };
    expect([...clockOffsets(3, [call(20, 80), second], 0)].map((nano) => nano / MS)).toEqual([0, 100, 100]);
  });

  test('two servers that agree stay together when the page is what is off', () => {
    const behind = {
      parentProcess: 1,
      childProcess: 2,
      parentStart: 40 * MS,
      parentEnd: 42 * MS,
      childStart: 41 * MS,
      // The answer was sent before the server's own span was over.
      childEnd: 46 * MS,
      waited: true,
    };
    const [page, api, payment] = clockOffsets(3, [call(20, 80), behind], 0);
    expect(page).toBe(0);
    expect(api).not.toBe(0);
    expect(payment).toBe(api);
  });

  test('a trace says which clocks it moved, and shows children inside of their parents', () => {
    const columns = build(
      { id: 'a', at: 100, took: 100, kind: 'client' },
      { id: 'b', parent: 'a', at: 20, took: 60, kind: 'server', process: 1 },
      { id: 'c', parent: 'b', at: 30, took: 10, process: 1 },
    );
    expect(columns.processes[1]!.movedNano).toBe(100 * MS);
    expect(columns.flags[1]! & SpanFlag.moved).toBeTruthy();
    expect([...columns.start].map((nano) => nano / MS)).toEqual([0, 20, 30]);
  });
});

test('an area sums what lies inside of it, with what is closed below its rows', () => {
  const columns = build(
    { id: 'a', at: 0, took: 100 },
    { id: 'b', parent: 'a', at: 10, took: 40, process: 1 },
    { id: 'c', parent: 'b', at: 20, took: 10, process: 2, error: true },
    { id: 'd', parent: 'a', at: 60, took: 20 },
  );
  const rows = layoutRows(columns, { closed: new Set([1]), open: new Set() });
  const sums = areaSums(columns, rows, { from: 0, to: 25 * MS, firstRow: 1, lastRow: 1 });
  expect(sums).toMatchObject({ spans: 2, errors: 1, selfNano: 15 * MS, widthNano: 25 * MS });
  expect(sums.services).toEqual([
    { service: 1, spans: 1, selfNano: 10 * MS },
    { service: 2, spans: 1, selfNano: 5 * MS },
  ]);
});
