import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildColumns } from './build-columns.js';
import { SpanFlag, type TraceColumns } from './columns.js';
import { type Drawn, drawTrace } from './made-trace.test-helper.js';

const shape = (columns: TraceColumns): string[] =>
  Array.from({ length: columns.count }, (_, span) => `${'  '.repeat(columns.depth[span]!)}${columns.spanIds[span]}`);
const flagsOf = (columns: TraceColumns, id: string): number => columns.flags[columns.spanIds.indexOf(id)]!;
const MS = 1e6;

describe('building a tree', () => {
  test('children stand below their parents, by start, whatever order they arrived in', () => {
    const columns = buildColumns(
      drawTrace([
        { id: 'c', parent: 'a', at: 60, took: 10 },
        { id: 'd', parent: 'b', at: 20, took: 5 },
        { id: 'b', parent: 'a', at: 10, took: 40 },
        { id: 'a', at: 0, took: 100 },
      ]),
    );
    expect(shape(columns)).toEqual(['a', '  b', '    d', '  c']);
    expect([...columns.descendants]).toEqual([3, 1, 0, 0]);
    expect([...columns.parent]).toEqual([-1, 0, 1, 0]);
  });

  test('times are exact to the nanosecond though epochs do not fit a double', () => {
    const columns = buildColumns(
      drawTrace([
        { id: 'a', at: 0, took: 1 },
        { id: 'b', parent: 'a', at: 0.000001, took: 0.5 },
      ]),
    );
    expect(columns.start[1]).toBe(1);
    expect(columns.originUnixNano).toBe('1795149763233123457');
  });

  test('a span whose parent has not arrived becomes a root that says so', () => {
    const columns = buildColumns(
      drawTrace([
        { id: 'x', parent: 'gone', at: 5, took: 1 },
        { id: 'a', at: 10, took: 9 },
      ]),
    );
    expect(shape(columns)).toEqual(['a', 'x']);
    expect(flagsOf(columns, 'x') & SpanFlag.orphan).toBe(SpanFlag.orphan);
    expect(flagsOf(columns, 'a') & SpanFlag.orphan).toBe(0);
  });

  test('parents in a ring are cut open, and every span is still there', () => {
    const columns = buildColumns(
      drawTrace([
        { id: 'a', parent: 'c', at: 0, took: 1 },
        { id: 'b', parent: 'a', at: 1, took: 1 },
        { id: 'c', parent: 'b', at: 2, took: 1 },
        { id: 'self', parent: 'self', at: 3, took: 1 },
      ]),
    );
    expect([...columns.spanIds].sort()).toEqual(['a', 'b', 'c', 'self']);
    expect([...columns.flags].filter((flags) => flags & SpanFlag.ring)).toHaveLength(2);
  });

  test('an error marks the way down to where it began', () => {
    const columns = buildColumns(
      drawTrace([
        { id: 'a', at: 0, took: 9 },
        { id: 'b', parent: 'a', at: 1, took: 7, error: true },
        { id: 'c', parent: 'b', at: 2, took: 3, error: true },
      ]),
    );
    expect(columns.errors).toBe(2);
    expect(flagsOf(columns, 'a') & SpanFlag.errorBelow).toBeTruthy();
    expect(flagsOf(columns, 'b') & SpanFlag.errorSource).toBe(0);
    expect(flagsOf(columns, 'c') & SpanFlag.errorSource).toBeTruthy();
  });

  test('a child that starts after its parent ended is said to be detached', () => {
    const columns = buildColumns(
      drawTrace([
        { id: 'a', at: 0, took: 2 },
        { id: 'b', parent: 'a', at: 5, took: 2 },
      ]),
    );
    expect(flagsOf(columns, 'b') & SpanFlag.detached).toBeTruthy();
    expect(columns.durationNano).toBe(7 * MS);
  });

  test('services are summed by self time', () => {
    const columns = buildColumns(
      drawTrace([
        { id: 'a', at: 0, took: 10 },
        { id: 'b', parent: 'a', at: 2, took: 6, process: 1, error: true },
      ]),
    );
    expect(columns.services).toEqual([
      { name: 'page', spans: 1, errors: 0, selfNano: 4 * MS },
      { name: 'api', spans: 1, errors: 1, selfNano: 6 * MS },
      { name: 'db', spans: 0, errors: 0, selfNano: 0 },
    ]);
  });

  test('an empty answer is an empty trace', () => {
    expect(buildColumns(drawTrace([])).count).toBe(0);
  });

  test('whatever the parents, each span stands once and every subtree is a range', () => {
    const drawn = fc.array(
      fc.record({
        parent: fc.integer({ min: -2, max: 30 }),
        at: fc.integer({ min: 0, max: 1000 }),
        took: fc.integer({ min: 0, max: 500 }),
        process: fc.integer({ min: 0, max: 2 }),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(drawn, (made) => {
        const spans: Drawn[] = made.map((one, index) => ({
          id: `s${index}`,
          at: one.at,
          took: one.took,
          process: one.process,
          ...(one.parent >= 0 && { parent: `s${one.parent}` }),
        }));
        const columns = buildColumns(drawTrace(spans));
        expect([...columns.spanIds].sort()).toEqual(spans.map((span) => span.id).sort());
        for (let span = 0; span < columns.count; span++) {
          const parent = columns.parent[span]!;
          expect(parent).toBeLessThan(span);
          if (parent >= 0) expect(span).toBeLessThanOrEqual(parent + columns.descendants[parent]!);
          expect(columns.start[span]).toBeGreaterThanOrEqual(0);
          expect(columns.self[span]).toBeGreaterThanOrEqual(0);
          expect(columns.self[span]).toBeLessThanOrEqual(columns.duration[span]!);
        }
      }),
    );
  });

  test('fifty thousand spans over three processes are one tree', () => {
    const spans: Drawn[] = [{ id: 'root', at: 0, took: 60_000 }];
    for (let i = 1; i < 50_000; i++) {
      spans.push({
        id: `s${i}`,
        parent: i % 40 === 1 ? 'root' : `s${i - (i % 40 === 0 ? 39 : (i % 40) - 1)}`,
        at: i,
        took: 5,
        process: i % 3,
      });
    }
    const answer = drawTrace(spans);
    const columns = buildColumns(answer);
    expect(columns.count).toBe(50_000);
    expect(columns.descendants[0]).toBe(49_999);
    expect(columns.parent.filter((parent) => parent < 0)).toHaveLength(1);
  });
});
