import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogBlock } from '../src/process/log-block.js';
import { MAX_DAYS } from '../src/process/open-request.js';
import { createLogReader } from '../src/process/read-logs.js';
import { arbitraryLogs } from './arbitrary-logs.js';
import { expectedLogRows, type LogRecord, type LogsRequest } from './expected-log-rows.js';
import type { Row } from './expected-rows.js';
import { nativeRows } from './native-block.js';
import { encodeLogs } from './otlp-proto.js';

const NOW = 1_795_149_538_000;
const NOW_NANO = BigInt(NOW) * 1_000_000n;
const reader = createLogReader();

const rowsOf = (block: LogBlock, from?: number, to?: number): Row[] =>
  nativeRows(Buffer.concat(block.toNative(from, to)));
const record = (overrides: LogRecord = {}): LogRecord => ({
  timeUnixNano: 1_700_000_000_000_000_000n,
  severityNumber: 9,
  body: { stringValue: 'hello' },
  ...overrides,
});
const requestOf = (...logRecords: LogRecord[]): LogsRequest => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeLogs: [{ logRecords }],
    },
  ],
});
function read(request: LogsRequest): { result: ReturnType<typeof reader.read>; rows: Row[] } {
  const block = new LogBlock();
  const result = reader.read(encodeLogs(request), block, NOW);
  return { result, rows: rowsOf(block) };
}

test('log records of another encoder become the rows that the objects say, for any request [S7]', () => {
  const block = new LogBlock();
  fc.assert(
    fc.property(fc.array(arbitraryLogs, { minLength: 1, maxLength: 3 }), (requests) => {
      block.clear();
      for (const request of requests) {
        expect(reader.read(encodeLogs(request), block, NOW)).toMatchObject({ kind: 'read', rejected: 0 });
      }
      expect(rowsOf(block)).toEqual(requests.flatMap((request) => expectedLogRows(request, NOW_NANO)));
      for (let from = 0; from < block.rows; from += 2)
        expect(rowsOf(block, from, Math.min(block.rows, from + 2))).toEqual(rowsOf(block).slice(from, from + 2));
    }),
    { numRuns: 100 },
  );
});

describe('when a log record was', () => {
  test('one without a time stands where it was observed, and one without either at its arrival', () => {
    const { result, rows } = read(
      requestOf(record({ timeUnixNano: 0n, observedTimeUnixNano: 5n }), record({ timeUnixNano: 0n })),
    );
    expect(result).toMatchObject({ accepted: 2, message: '' });
    expect(rows.map((row) => [row.Timestamp, row.ObservedTimestamp])).toEqual([
      [5n, 5n],
      [NOW_NANO, 0n],
    ]);
  });

  test('a time that cannot be gives way to the next best, and what was said is kept', () => {
    const beyond = 6_000_000_000_000_000_000n;
    const { result, rows } = read(
      requestOf(
        record({ timeUnixNano: beyond, observedTimeUnixNano: 7n, attributes: [{ key: 'k', value: { intValue: 1n } }] }),
        record({ timeUnixNano: beyond }),
        record({ timeUnixNano: 0n, observedTimeUnixNano: 2n ** 64n - 1n }),
        record({ timeUnixNano: 9n, observedTimeUnixNano: 2n ** 64n - 1n }),
      ),
    );
    expect(result).toMatchObject({ accepted: 4, rejected: 0, message: expect.stringContaining('original_time') });
    expect(rows.map((row) => row.Timestamp)).toEqual([7n, NOW_NANO, NOW_NANO, 9n]);
    expect(rows.map((row) => row.LogAttributes)).toEqual([
      [
        ['k', '1'],
        ['throughline.original_time', `${beyond}/7`],
      ],
      [['throughline.original_time', `${beyond}/0`]],
      [['throughline.original_time', '0/18446744073709551615']],
      [],
    ]);
    expect(rows[0]?.LogAttributeTypes).toBe('is');
    expect(rows[3]?.ObservedTimestamp).toBe(2n ** 63n - 1n);
  });

  test('records of too many days in one request are left out and counted', () => {
    const records = Array.from({ length: MAX_DAYS + 3 }, (_, day) =>
      record({
        timeUnixNano: 1_600_000_000_000_000_000n + BigInt(day) * 86_400_000_000_000n,
        attributes: [{ key: 'k', value: { stringValue: 'v' } }],
      }),
    );
    const { result, rows } = read(requestOf(...records));
    expect(result).toMatchObject({ accepted: MAX_DAYS, rejected: 3, message: expect.stringContaining('days') });
    expect(rows).toEqual(expectedLogRows(requestOf(...records.slice(0, MAX_DAYS)), NOW_NANO));
  });
});

test('a record with an id that is none is kept without it, and said so', () => {
  const { result, rows } = read(
    requestOf(record({ traceId: new Uint8Array(15).fill(1), spanId: new Uint8Array(8).fill(2) })),
  );
  expect(result).toMatchObject({ accepted: 1, rejected: 0, message: expect.stringContaining('impossible id') });
  expect(rows[0]).toMatchObject({ TraceId: '', SpanId: '02'.repeat(8) });
});

test('a malformed request of logs leaves the block as it was', () => {
  const block = new LogBlock();
  reader.read(encodeLogs(requestOf(record(), record({ body: { intValue: 7n } }))), block, NOW);
  const before = rowsOf(block);
  const bytes = encodeLogs(requestOf(record(), record({ attributes: [{ key: 'k', value: { stringValue: 'v' } }] })));
  for (let length = 1; length < bytes.length; length++) {
    expect(reader.read(bytes.subarray(0, length), block, NOW).kind, `cut to ${length}`).toBe('malformed');
  }
  expect(rowsOf(block)).toEqual(before);
});
