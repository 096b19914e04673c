import type { Signal } from '../batch.js';

/**
 * How a value stands on the wire and in OTLP/JSON: string · bool · int64, uint64 (varints) and fixed64, sfixed64 (8 bytes),
 * strings in JSON · uint32 and enum (varint), sint32 (zigzag), fixed32 · double · hex: bytes of an identifier · base64: other bytes.
 */
export type ScalarKind =
  | 'string'
  | 'bool'
  | 'int64'
  | 'uint64'
  | 'fixed64'
  | 'sfixed64'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'double'
  | 'hex'
  | 'base64';

/** A message: what each field number means. */
export interface MessageSchema {
  readonly [field: number]: FieldSchema;
}

/** JSON name, kind or message (as a function, because messages contain themselves), and whether it is repeated. */
export type FieldSchema = readonly [name: string, kind: ScalarKind | (() => MessageSchema), repeated?: true];

const keyValues = (name: string): FieldSchema => [name, () => keyValue, true];
const dropped = (what: string): FieldSchema => [`dropped${what}Count`, 'uint32'];
const attributes = /* @__PURE__ */ keyValues('attributes');
const start: FieldSchema = ['startTimeUnixNano', 'fixed64'];
const time: FieldSchema = ['timeUnixNano', 'fixed64'];
const traceId: FieldSchema = ['traceId', 'hex'];
const spanId: FieldSchema = ['spanId', 'hex'];
const schemaUrl: FieldSchema = ['schemaUrl', 'string'];
const flags: FieldSchema = ['flags', 'uint32'];

// common.proto, resource.proto
const anyValue: MessageSchema = {
  1: ['stringValue', 'string'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int64'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', () => ({ 1: ['values', () => anyValue, true] })],
  6: ['kvlistValue', () => ({ 1: keyValues('values') })],
  7: ['bytesValue', 'base64'],
};
const keyValue: MessageSchema = { 1: ['key', 'string'], 2: ['value', () => anyValue] };
const scope: MessageSchema = {
  1: ['name', 'string'],
  2: ['version', 'string'],
  3: attributes,
  4: /* @__PURE__ */ dropped('Attributes'),
};
const resource: MessageSchema = {
  1: attributes,
  2: /* @__PURE__ */ dropped('Attributes'),
  3: [
    'entityRefs',
    () => ({
      1: schemaUrl,
      2: ['type', 'string'],
      3: ['idKeys', 'string', true],
      4: ['descriptionKeys', 'string', true],
    }),
    true,
  ],
};

// trace.proto
const span = (): MessageSchema => ({
  1: traceId,
  2: spanId,
  3: ['traceState', 'string'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'string'],
  6: ['kind', 'uint32'],
  7: start,
  8: ['endTimeUnixNano', 'fixed64'],
  9: attributes,
  10: dropped('Attributes'),
  11: ['events', () => ({ 1: time, 2: ['name', 'string'], 3: attributes, 4: dropped('Attributes') }), true],
  12: dropped('Events'),
  13: [
    'links',
    () => ({
      1: traceId,
      2: spanId,
      3: ['traceState', 'string'],
      4: attributes,
      5: dropped('Attributes'),
      6: ['flags', 'fixed32'],
    }),
    true,
  ],
  14: dropped('Links'),
  15: ['status', () => ({ 2: ['message', 'string'], 3: ['code', 'uint32'] })],
  16: ['flags', 'fixed32'],
});

// logs.proto
const logRecord = (): MessageSchema => ({
  1: time,
  2: ['severityNumber', 'uint32'],
  3: ['severityText', 'string'],
  5: ['body', () => anyValue],
  6: attributes,
  7: dropped('Attributes'),
  8: ['flags', 'fixed32'],
  9: traceId,
  10: spanId,
  11: ['observedTimeUnixNano', 'fixed64'],
  12: ['eventName', 'string'],
});

// metrics.proto
const exemplars: FieldSchema = [
  'exemplars',
  () => ({
    2: time,
    3: ['asDouble', 'double'],
    4: spanId,
    5: traceId,
    6: ['asInt', 'sfixed64'],
    7: keyValues('filteredAttributes'),
  }),
  true,
];
const numberPoint = (): MessageSchema => ({
  2: start,
  3: time,
  4: ['asDouble', 'double'],
  5: exemplars,
  6: ['asInt', 'sfixed64'],
  7: attributes,
  8: flags,
});
const histogramPoint = (): MessageSchema => ({
  2: start,
  3: time,
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['bucketCounts', 'fixed64', true],
  7: ['explicitBounds', 'double', true],
  8: exemplars,
  9: attributes,
  10: flags,
  11: ['min', 'double'],
  12: ['max', 'double'],
});
const buckets = (): MessageSchema => ({ 1: ['offset', 'sint32'], 2: ['bucketCounts', 'uint64', true] });
const exponentialPoint = (): MessageSchema => ({
  1: attributes,
  2: start,
  3: time,
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['scale', 'sint32'],
  7: ['zeroCount', 'fixed64'],
  8: ['positive', buckets],
  9: ['negative', buckets],
  10: flags,
  11: exemplars,
  12: ['min', 'double'],
  13: ['max', 'double'],
  14: ['zeroThreshold', 'double'],
});
const summaryPoint = (): MessageSchema => ({
  2: start,
  3: time,
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['quantileValues', () => ({ 1: ['quantile', 'double'], 2: ['value', 'double'] }), true],
  7: attributes,
  8: flags,
});
const data = (point: () => MessageSchema): (() => MessageSchema) => {
  const schema: MessageSchema = {
    1: ['dataPoints', point, true],
    2: ['aggregationTemporality', 'uint32'],
    3: ['isMonotonic', 'bool'],
  };
  return () => schema;
};
const metric = (): MessageSchema => ({
  1: ['name', 'string'],
  2: ['description', 'string'],
  3: ['unit', 'string'],
  5: ['gauge', data(numberPoint)],
  7: ['sum', data(numberPoint)],
  9: ['histogram', data(histogramPoint)],
  10: ['exponentialHistogram', data(exponentialPoint)],
  11: ['summary', data(summaryPoint)],
  12: keyValues('metadata'),
});

const request = (signal: string, items: string, item: () => MessageSchema): MessageSchema => ({
  1: [
    `resource${signal}`,
    () => ({
      1: ['resource', () => resource],
      2: [`scope${signal}`, () => ({ 1: ['scope', () => scope], 2: [items, item, true], 3: schemaUrl }), true],
      3: schemaUrl,
    }),
    true,
  ],
});

/** The export request of a signal, whole. */
export const requestSchema = (signal: Signal): MessageSchema =>
  signal === 'traces'
    ? request('Spans', 'spans', span)
    : signal === 'logs'
      ? request('Logs', 'logRecords', logRecord)
      : request('Metrics', 'metrics', metric);
