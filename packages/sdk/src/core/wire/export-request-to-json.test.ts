import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeOtlp, type OtlpMessage } from '../../../../testkit/src/otlp-proto.js';
import type { Signal } from '../batch.js';
import { exportRequestToJson } from './export-request-to-json.js';

const traceId = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
const spanId = Buffer.from('b7ad6b7169203331', 'hex');

function json(signal: Signal, message: OtlpMessage, value: object): unknown {
  return JSON.parse(exportRequestToJson(signal, encodeOtlp(message, value)));
}

test('ids are hex, enums integers, 64-bit integers strings, names lowerCamelCase [B2]', () => {
  const span = {
    traceId,
    spanId,
    parentSpanId: spanId,
    traceState: 'a=b',
    name: 'n"\n',
    kind: 2,
    startTimeUnixNano: '18446744073709551615',
    endTimeUnixNano: '1',
    status: { code: 2, message: 'm' },
    flags: 0x301,
    droppedAttributesCount: 4_294_967_295,
    links: [{ traceId, spanId, flags: 0x103 }],
  };
  expect(json('traces', 'TracesRequest', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).toEqual({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                ...span,
                traceId: traceId.toString('hex'),
                spanId: spanId.toString('hex'),
                parentSpanId: spanId.toString('hex'),
                links: [{ traceId: traceId.toString('hex'), spanId: spanId.toString('hex'), flags: 0x103 }],
              },
            ],
          },
        ],
      },
    ],
  });
});

test('every kind of value, those JSON has no number for as protobuf’s JSON writes them', () => {
  const value = (any: object) => {
    const read = json('logs', 'LogsRequest', { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: any }] }] }] });
    return (read as { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: unknown }] }] }] }).resourceLogs[0]
      .scopeLogs[0].logRecords[0].body;
  };
  expect(value({ intValue: '-9223372036854775808' })).toEqual({ intValue: '-9223372036854775808' });
  expect(value({ intValue: '9223372036854775807' })).toEqual({ intValue: '9223372036854775807' });
  expect(value({ doubleValue: Number.NaN })).toEqual({ doubleValue: 'NaN' });
  expect(value({ doubleValue: Number.POSITIVE_INFINITY })).toEqual({ doubleValue: 'Infinity' });
  expect(value({ doubleValue: Number.NEGATIVE_INFINITY })).toEqual({ doubleValue: '-Infinity' });
  expect(value({ doubleValue: 1e300 })).toEqual({ doubleValue: 1e300 });
  expect(value({ doubleValue: -0 })).toEqual({ doubleValue: -0 });
  expect(value({ boolValue: false })).toEqual({ boolValue: false });
  expect(value({ stringValue: '' })).toEqual({ stringValue: '' });
  expect(value({})).toEqual({});
  for (const length of [0, 1, 2, 3, 4]) {
    const bytes = Buffer.from([251, 255, 191, 1].slice(0, length));
    expect(value({ bytesValue: bytes })).toEqual({ bytesValue: bytes.toString('base64') });
  }
  const nested = {
    arrayValue: {
      values: [{ kvlistValue: { values: [{ key: 'k', value: { arrayValue: { values: [{ stringValue: 'x' }] } } }] } }],
    },
  };
  expect(value(nested)).toEqual(nested);
});

test('metrics of every type, packed fields and zigzag integers', () => {
  const metrics = [
    {
      name: 'g',
      gauge: {
        dataPoints: [{ asDouble: 1.5, timeUnixNano: '5', flags: 1, exemplars: [{ asInt: '-3', spanId, traceId }] }],
      },
    },
    { name: 's', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ asInt: '-7' }] } },
    {
      name: 'h',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          { count: '3', sum: 1.5, bucketCounts: ['1', '0', '2'], explicitBounds: [0.5, 10], min: 0, max: 9 },
        ],
      },
    },
    {
      name: 'e',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            scale: -2,
            zeroCount: '1',
            positive: { offset: -5, bucketCounts: ['1', '300'] },
            negative: { offset: 7, bucketCounts: [] },
          },
        ],
      },
    },
    { name: 'q', summary: { dataPoints: [{ count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
  ];
  const hexed = JSON.parse(
    JSON.stringify(metrics, (_key, part) => (part?.type === 'Buffer' ? Buffer.from(part.data).toString('hex') : part)),
  );
  delete hexed[3].exponentialHistogram.dataPoints[0].negative.bucketCounts;
  expect(json('metrics', 'MetricsRequest', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })).toEqual({
    resourceMetrics: [{ scopeMetrics: [{ metrics: hexed }] }],
  });
});

test('unknown fields are left out, repeated fields that stand apart come together', () => {
  // resource_spans { } · unknown field 9 · resource_spans { schema_url: "x" }
  const bytes = new Uint8Array([0x0a, 0x00, 0x48, 0x05, 0x0a, 0x03, 0x1a, 0x01, 0x78]);
  expect(JSON.parse(exportRequestToJson('traces', bytes))).toEqual({ resourceSpans: [{}, { schemaUrl: 'x' }] });
});

test('damage ends the message it is in, and what is written is still JSON', () => {
  const bytes = encodeOtlp('TracesRequest', {
    resourceSpans: [{ schemaUrl: 'https://x', scopeSpans: [{ spans: [{ name: 'n', traceId }] }] }],
  });
  for (let length = 0; length < bytes.length; length++) {
    expect(() => JSON.parse(exportRequestToJson('traces', bytes.subarray(0, length)))).not.toThrow();
  }
});

// The examples of the OpenTelemetry protocol's repository, where the documents of the design are at hand.
const examples = new URL('../../../../../../shared/spec/otlp-json/', import.meta.url);

describe.skipIf(!existsSync(examples))('the official JSON examples', () => {
  test.each<[string, Signal, OtlpMessage]>([
    ['trace.json', 'traces', 'TracesRequest'],
    ['metrics.json', 'metrics', 'MetricsRequest'],
    ['logs.json', 'logs', 'LogsRequest'],
    ['events.json', 'logs', 'LogsRequest'],
  ])('%s, as bytes, becomes itself again', (file, signal, message) => {
    const example: unknown = JSON.parse(readFileSync(new URL(file, examples), 'utf8'));
    expect(json(signal, message, forProtobuf(example) as object)).toEqual(normal(example));
  });
});

const isId = (name: string): boolean => /^(traceId|spanId|parentSpanId)$/.test(name);

/** Plain fields, of which the bytes do not carry a 0. */
const isDefault = /^(scale|zeroThreshold)$/;

/** protobufjs wants bytes where JSON has hex. */
function forProtobuf(part: unknown): unknown {
  return map(part, (name, inner) => (isId(name) ? Buffer.from(inner as string, 'hex') : inner));
}

/** Lowercase ids, 64-bit integers as strings, fields that are their default left out: the same message. */
function normal(part: unknown): unknown {
  return map(part, (name, inner) => {
    if (isId(name)) return (inner as string).toLowerCase();
    if (/^(intValue|asInt|count|zeroCount|timeUnixNano|startTimeUnixNano)$/.test(name)) return String(inner);
    if (name === 'bucketCounts') return (inner as unknown[]).map(String);
    return inner;
  });
}

function map(part: unknown, change: (name: string, inner: unknown) => unknown): unknown {
  if (Array.isArray(part)) return part.map((inner) => map(inner, change));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .filter(([name, inner]) => !(isDefault.test(name) && inner === 0))
      .map(([name, inner]) => {
        const changed = change(name, inner);
        return [name, changed === inner ? map(inner, change) : changed];
      }),
  );
}
