import { expect, test } from 'vitest';
import type { LogRecordDetail } from '#shapes/api.js';
import { logMarks } from './log-marks.js';

const record = (spanId: string, timeUnixNano: string, severityNumber = 9): LogRecordDetail => ({
  timeUnixNano,
  severityNumber,
  severityText: '',
  body: null,
  traceId: '',
  spanId,
  resource: 0,
  scope: 0,
  attributes: {},
});

test('records stand at their span, moved with the clock of its process', () => {
  const columns = {
    originUnixNano: '1700000000000000000',
    spanIds: ['a', 'b'],
    process: Uint32Array.of(0, 1),
    processes: [
      { service: 0, runtime: '', movedNano: 0, spans: 1 },
      { service: 1, runtime: '', movedNano: -500, spans: 1 },
    ],
  };
  const marks = logMarks(columns, [
    record('a', '1700000000000000100'),
    record('b', '1700000000000000900', 17),
    record('a', '1700000000000000300', 13),
    record('gone', '1700000000000000300'),
    record('', '1700000000000000300'),
  ]);
  expect([...marks].map(([span, list]) => [span, list.map(({ at, loudness }) => [at, loudness])])).toEqual([
    [
      0,
      [
        [100, undefined],
        [300, 'warning'],
      ],
    ],
    [1, [[400, 'error']]],
  ]);
});
