import { expect, test } from 'vitest';
import { isRuntimeMetric, redStepMs, versionMarks } from './service-marks.js';

const line = (version: string, count: readonly number[]) => ({
  version,
  count,
  errorCount: [],
  p95Nano: [],
  spans: 0,
  errors: 0,
  durationSumNano: 0,
  p50: 0,
  p95: 0,
  p99: 0,
});

test('a version is marked where it is first seen, unless it was there from the beginning', () => {
  const series = [
    line('1.2', [0, 0, 0, 4]),
    line('1.0', [5, 5, 0, 0]),
    line('1.1', [0, 1, 5, 1]),
    line('', [0, 0, 1, 0]),
  ];
  expect(versionMarks({ series, startUnixNano: '60000000000', stepNano: 60e9 })).toEqual([
    { ms: 120_000, label: '1.1' },
    { ms: 240_000, label: '1.2' },
  ]);
  expect(versionMarks({ series: [], startUnixNano: '0', stepNano: 1 })).toEqual([]);
});

test('metrics of runtimes are told from those of the program', () => {
  expect(
    ['nodejs.eventloop.delay.p99', 'v8js.memory.heap.used', 'process.cpu.time', 'jvm.gc.duration'].every(
      isRuntimeMetric,
    ),
  ).toBe(true);
  expect(['http.server.request.duration', 'processes', 'orders.placed'].some(isRuntimeMetric)).toBe(false);
});

test('a range has some ninety steps that read well', () => {
  expect(redStepMs(3_600_000)).toBe(60_000);
  expect(redStepMs(60_000)).toBe(1_000);
});
