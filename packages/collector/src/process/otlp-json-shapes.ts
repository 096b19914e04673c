import type { Signal } from './signal.js';

/*
 * The messages of OTLP by their JSON names, as opentelemetry-proto 1.x has them: what `jsonToProtobuf` needs to know of each.
 */

type Kind =
  | 'string'
  | 'hex'
  | 'bytes'
  | 'bool'
  | 'uint32'
  | 'sint32'
  | 'enum'
  | 'int64'
  | 'fixed32'
  | 'fixed64'
  | 'double';
export interface Field {
  readonly number: number;
  readonly kind: Kind | Shape;
  readonly repeated?: true;
}
/** A message by its JSON names; a function where messages contain each other. */
export type Shape = () => Readonly<Record<string, Field>>;

const shape = (fields: Record<string, Field>): Shape => {
  const all: Record<string, Field> = { ...fields };
  for (const [name, field] of Object.entries(fields))
    all[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = field;
  // No prototype: a key like `constructor` is an unknown field.
  const found = Object.assign(Object.create(null) as Record<string, Field>, all);
  return () => found;
};
const one = (number: number, kind: Kind | Shape): Field => ({ number, kind });
const many = (number: number, kind: Kind | Shape): Field => ({ number, kind, repeated: true });

const anyValue: Shape = () => anyValueFields();
const arrayValue = shape({ values: many(1, anyValue) });
const keyValue = shape({ key: one(1, 'string'), value: one(2, anyValue) });
const keyValueList = shape({ values: many(1, keyValue) });
const anyValueFields = shape({
  stringValue: one(1, 'string'),
  boolValue: one(2, 'bool'),
  intValue: one(3, 'int64'),
  doubleValue: one(4, 'double'),
  arrayValue: one(5, arrayValue),
  kvlistValue: one(6, keyValueList),
  bytesValue: one(7, 'bytes'),
});
const resource = shape({ attributes: many(1, keyValue), droppedAttributesCount: one(2, 'uint32') });
const scope = shape({
  name: one(1, 'string'),
  version: one(2, 'string'),
  attributes: many(3, keyValue),
  droppedAttributesCount: one(4, 'uint32'),
});

/** A request down to its items. All signals have the same numbers and names of their own. */
function request(signal: 'Spans' | 'Metrics' | 'Logs', items: Record<string, Field>): Shape {
  const scopes = shape({ scope: one(1, scope), ...items, schemaUrl: one(3, 'string') });
  const resources = shape({
    resource: one(1, resource),
    [`scope${signal}`]: many(2, scopes),
    schemaUrl: one(3, 'string'),
  });
  return shape({ [`resource${signal}`]: many(1, resources) });
}

const span = shape({
  traceId: one(1, 'hex'),
  spanId: one(2, 'hex'),
  traceState: one(3, 'string'),
  parentSpanId: one(4, 'hex'),
  name: one(5, 'string'),
  kind: one(6, 'enum'),
  startTimeUnixNano: one(7, 'fixed64'),
  endTimeUnixNano: one(8, 'fixed64'),
  attributes: many(9, keyValue),
  droppedAttributesCount: one(10, 'uint32'),
  events: many(
    11,
    shape({
      timeUnixNano: one(1, 'fixed64'),
      name: one(2, 'string'),
      attributes: many(3, keyValue),
      droppedAttributesCount: one(4, 'uint32'),
    }),
  ),
  droppedEventsCount: one(12, 'uint32'),
  links: many(
    13,
    shape({
      traceId: one(1, 'hex'),
      spanId: one(2, 'hex'),
      traceState: one(3, 'string'),
      attributes: many(4, keyValue),
      droppedAttributesCount: one(5, 'uint32'),
      flags: one(6, 'fixed32'),
    }),
  ),
  droppedLinksCount: one(14, 'uint32'),
  status: one(15, shape({ message: one(2, 'string'), code: one(3, 'enum') })),
  flags: one(16, 'fixed32'),
});

const logRecord = shape({
  timeUnixNano: one(1, 'fixed64'),
  severityNumber: one(2, 'enum'),
  severityText: one(3, 'string'),
  body: one(5, anyValue),
  attributes: many(6, keyValue),
  droppedAttributesCount: one(7, 'uint32'),
  flags: one(8, 'fixed32'),
  traceId: one(9, 'hex'),
  spanId: one(10, 'hex'),
  observedTimeUnixNano: one(11, 'fixed64'),
  eventName: one(12, 'string'),
});

const exemplar = shape({
  timeUnixNano: one(2, 'fixed64'),
  asDouble: one(3, 'double'),
  spanId: one(4, 'hex'),
  traceId: one(5, 'hex'),
  asInt: one(6, 'fixed64'),
  filteredAttributes: many(7, keyValue),
});
const times = { startTimeUnixNano: one(2, 'fixed64'), timeUnixNano: one(3, 'fixed64') };
const numberPoint = shape({
  ...times,
  asDouble: one(4, 'double'),
  exemplars: many(5, exemplar),
  asInt: one(6, 'fixed64'),
  attributes: many(7, keyValue),
  flags: one(8, 'uint32'),
});
const histogramPoint = shape({
  ...times,
  count: one(4, 'fixed64'),
  sum: one(5, 'double'),
  bucketCounts: many(6, 'fixed64'),
  explicitBounds: many(7, 'double'),
  exemplars: many(8, exemplar),
  attributes: many(9, keyValue),
  flags: one(10, 'uint32'),
  min: one(11, 'double'),
  max: one(12, 'double'),
});
const buckets = shape({ offset: one(1, 'sint32'), bucketCounts: many(2, 'int64') });
const exponentialPoint = shape({
  attributes: many(1, keyValue),
  ...times,
  count: one(4, 'fixed64'),
  sum: one(5, 'double'),
  scale: one(6, 'sint32'),
  zeroCount: one(7, 'fixed64'),
  positive: one(8, buckets),
  negative: one(9, buckets),
  flags: one(10, 'uint32'),
  exemplars: many(11, exemplar),
  min: one(12, 'double'),
  max: one(13, 'double'),
  zeroThreshold: one(14, 'double'),
});
const summaryPoint = shape({
  ...times,
  count: one(4, 'fixed64'),
  sum: one(5, 'double'),
  quantileValues: many(6, shape({ quantile: one(1, 'double'), value: one(2, 'double') })),
  attributes: many(7, keyValue),
  flags: one(8, 'uint32'),
});
const temporality = { aggregationTemporality: one(2, 'enum') };
const metric = shape({
  name: one(1, 'string'),
  description: one(2, 'string'),
  unit: one(3, 'string'),
  gauge: one(5, shape({ dataPoints: many(1, numberPoint) })),
  sum: one(7, shape({ dataPoints: many(1, numberPoint), ...temporality, isMonotonic: one(3, 'bool') })),
  histogram: one(9, shape({ dataPoints: many(1, histogramPoint), ...temporality })),
  exponentialHistogram: one(10, shape({ dataPoints: many(1, exponentialPoint), ...temporality })),
  summary: one(11, shape({ dataPoints: many(1, summaryPoint) })),
  metadata: many(12, keyValue),
});

export const REQUESTS: Readonly<Record<Signal, Shape>> = {
  traces: request('Spans', { spans: many(2, span) }),
  metrics: request('Metrics', { metrics: many(2, metric) }),
  logs: request('Logs', { logRecords: many(2, logRecord) }),
};
