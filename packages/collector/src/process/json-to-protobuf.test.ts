import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeOtlp, type OtlpMessage } from '../../../testkit/src/otlp-proto.js';
import { decode, encodeTraces } from '../../test/otlp-proto.js';
import { jsonToProtobuf } from './json-to-protobuf.js';

const SPEC = new URL('../../../../../shared/spec/otlp-json/', import.meta.url);

function transcode(json: unknown): object {
  const result = jsonToProtobuf(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)), 'traces');
  if (result.kind === 'malformed') throw new Error(result.message);
  return decode('ExportTraceServiceRequest', result.bytes);
}
const withSpan = (span: object): object => ({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
const refusal = (json: unknown): string => {
  const result = jsonToProtobuf(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)), 'traces');
  return result.kind === 'malformed' ? result.message : 'taken';
};

test('ids are hex in either case, 64-bit integers strings or numbers, enums integers [B2]', () => {
  const read = transcode(
    withSpan({
      traceId: '5B8EFFF798038103D269B633813FC60C',
      spanId: 'eee19b7ec3c1b174',
      kind: 2,
      startTimeUnixNano: '1544712660300000001',
      endTimeUnixNano: 1544712660,
      attributes: [
        { key: 'big', value: { intValue: '-9223372036854775808' } },
        { key: 'small', value: { intValue: 7 } },
        { key: 'text', value: { stringValue: '' } },
        { key: 'no', value: { boolValue: false } },
        { key: 'nan', value: { doubleValue: 'NaN' } },
        { key: 'inf', value: { doubleValue: '-Infinity' } },
        { key: 'bytes', value: { bytesValue: 'AQID' } },
        { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, {}] } } },
        { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { doubleValue: 0.5 } }] } } },
      ],
    }),
  );
  expect(read).toEqual(
    decode(
      'ExportTraceServiceRequest',
      encodeTraces(
        withSpan({
          traceId: Buffer.from('5b8efff798038103d269b633813fc60c', 'hex'),
          spanId: Buffer.from('eee19b7ec3c1b174', 'hex'),
          kind: 2,
          startTimeUnixNano: '1544712660300000001',
          endTimeUnixNano: '1544712660',
          attributes: [
            { key: 'big', value: { intValue: '-9223372036854775808' } },
            { key: 'small', value: { intValue: 7 } },
            { key: 'text', value: { stringValue: '' } },
            { key: 'no', value: { boolValue: false } },
            { key: 'nan', value: { doubleValue: Number.NaN } },
            { key: 'inf', value: { doubleValue: Number.NEGATIVE_INFINITY } },
            { key: 'bytes', value: { bytesValue: Buffer.from([1, 2, 3]) } },
            { key: 'list', value: { arrayValue: { values: [{ intValue: 1 }, {}] } } },
            { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { doubleValue: 0.5 } }] } } },
          ],
        }),
      ),
    ),
  );
});

test('unknown fields are ignored, null is nothing, snake_case names are known', () => {
  const read = transcode({
    resource_spans: [
      {
        resource: null,
        constructor: 1,
        scope_spans: [{ spans: [{ trace_id: 'ab'.repeat(16), newField: { a: [1] }, flags: 257 }] }],
      },
    ],
    __proto__x: 1,
  });
  expect(read).toEqual(
    decode('ExportTraceServiceRequest', encodeTraces(withSpan({ traceId: Buffer.alloc(16, 0xab), flags: 257 }))),
  );
});

test.each([
  ['not json', '{"resourceSpans": [', /^The body is not JSON/],
  ['an array', [], /^body must be an object/],
  ['a list that is none', { resourceSpans: {} }, /^body.resourceSpans must be an array/],
  ['an id that is not hex', withSpan({ traceId: 'xyz' }), /spans\[0\].traceId must be hexadecimal/],
  ['a number that is none', withSpan({ startTimeUnixNano: 'soon' }), /startTimeUnixNano must be an integer/],
  ['a fraction', withSpan({ kind: 1.5 }), /kind must be an integer/],
  ['a name that is a number', withSpan({ name: 7 }), /name must be a string/],
])('%s is refused with its place', (_, json, message) => {
  expect(refusal(json)).toMatch(message);
});

test('nesting is bounded', () => {
  const value = `${'{"arrayValue":{"values":['.repeat(2000)}{}${']}}'.repeat(2000)}`;
  const json = JSON.stringify(withSpan({ attributes: [{ key: 'k', value: 0 }] })).replace(
    '"value":0',
    `"value":${value}`,
  );
  expect(refusal(json)).toMatch(/nested deeper/);
  expect(refusal('['.repeat(1_000_000))).toMatch(/nested deeper/);
});

test.skipIf(!existsSync(SPEC))('the official JSON examples load', () => {
  const read = (name: string): Buffer => readFileSync(new URL(`${name}.json`, SPEC));
  const traces = jsonToProtobuf(read('trace'), 'traces');
  if (traces.kind === 'malformed') throw new Error(traces.message);
  const { resourceSpans } = decode<{ resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] }>(
    'ExportTraceServiceRequest',
    traces.bytes,
  );
  expect(resourceSpans[0]?.scopeSpans[0]?.spans[0]).toMatchObject({
    traceId: Buffer.from('5B8EFFF798038103D269B633813FC60C', 'hex'),
    spanId: Buffer.from('EEE19B7EC3C1B174', 'hex'),
    name: "I'm a server span",
    kind: 2,
  });
  const items = (name: string, signal: 'logs' | 'metrics', message: OtlpMessage): Record<string, unknown>[] => {
    const result = jsonToProtobuf(read(name), signal);
    if (result.kind === 'malformed') throw new Error(result.message);
    const lists = (object: unknown, ...names: string[]): Record<string, unknown>[] =>
      names.reduce<unknown[]>(
        (all, list) => all.flatMap((each) => (each as Record<string, unknown[]>)[list] ?? []),
        [object],
      ) as Record<string, unknown>[];
    const decoded = decodeOtlp(message, result.bytes);
    return signal === 'logs'
      ? lists(decoded, 'resourceLogs', 'scopeLogs', 'logRecords')
      : lists(decoded, 'resourceMetrics', 'scopeMetrics', 'metrics');
  };
  expect(items('logs', 'logs', 'LogsRequest')).toMatchObject([
    { severityText: 'Information', body: { stringValue: 'Example log record' } },
  ]);
  expect(items('events', 'logs', 'LogsRequest')).toMatchObject([{ eventName: expect.any(String) }]);
  expect(items('metrics', 'metrics', 'MetricsRequest').map(({ name }) => name)).toEqual([
    'my.counter',
    'my.gauge',
    'my.histogram',
    'my.exponential.histogram',
  ]);
});
