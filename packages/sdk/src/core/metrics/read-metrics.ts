import type { Attributes, HrTime } from '@opentelemetry/api';
import { toHrTime } from '../clock/time-source.js';
import { hexOf } from '../trace/hex.js';
import { FieldReader } from '../wire/field-reader.js';
import { readUtf8 } from '../wire/utf8.js';
import type {
  DataPoint,
  Exemplar,
  ExponentialBuckets,
  ExponentialHistogramValue,
  HistogramValue,
  MetricData,
  ScopeMetrics,
} from './metric-data.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Point = Mutable<DataPoint<number | HistogramValue | ExponentialHistogramValue>>;

const twoTo32 = 0x1_0000_0000;
const twoTo53 = 2 ** 53;

/** The metrics of an export request as objects; what came in several pieces is together. Of our own requests: what they never hold is not looked for. */
export function readMetrics(request: Uint8Array): ScopeMetrics[] {
  const all: ScopeMetrics[] = [];
  for (const resource of fieldsOf(new FieldReader(request), 1))
    for (const scope of fieldsOf(resource, 2)) all.push(readScopeMetrics(scope));
  return all;
}

function* fieldsOf(reader: FieldReader, field: number): Generator<FieldReader> {
  while (reader.next()) if (reader.field === field && reader.wireType === 2) yield reader.message();
}

const textOf = ({ bytes, start, end }: FieldReader): string => readUtf8(bytes, start, end);

function readScopeMetrics(reader: FieldReader): ScopeMetrics {
  const scope: { name: string; version?: string; schemaUrl?: string; attributes?: Attributes } = { name: '' };
  const metrics: MetricData[] = [];
  /** Where the pieces of one metric go: they follow each other. */
  let last = '';
  while (reader.next()) {
    if (reader.field === 1) readScope(reader.message(), scope);
    else if (reader.field === 3) scope.schemaUrl = textOf(reader);
    else if (reader.field === 2) {
      const metric = readMetric(reader.message());
      const identity = JSON.stringify({ ...metric, dataPoints: 0, aggregationTemporality: 0 });
      const known = metrics[metrics.length - 1];
      if (known && identity === last) (known.dataPoints as unknown[]).push(...metric.dataPoints);
      else metrics.push(metric);
      last = identity;
    }
  }
  return { scope, metrics };
}

function readScope(reader: FieldReader, scope: { name: string; version?: string; attributes?: Attributes }): void {
  while (reader.next()) {
    if (reader.field === 1) scope.name = textOf(reader);
    else if (reader.field === 2) scope.version = textOf(reader);
    else if (reader.field === 3) {
      scope.attributes ??= {};
      readKeyValue(reader.message(), scope.attributes);
    }
  }
}

/** `DataPointType` of the fields of `Metric`. */
const typesByField: Readonly<Record<number, 0 | 1 | 2 | 3>> = { 5: 2, 7: 3, 9: 0, 10: 1 };

function readMetric(reader: FieldReader): MetricData {
  const descriptor = { name: '', description: '', unit: '', valueType: 1 as 0 | 1 };
  let type: 0 | 1 | 2 | 3 = 2;
  let temporality: 0 | 1 = 1;
  let isMonotonic = false;
  const dataPoints: Point[] = [];
  while (reader.next()) {
    if (reader.field === 1) descriptor.name = textOf(reader);
    else if (reader.field === 2) descriptor.description = textOf(reader);
    else if (reader.field === 3) descriptor.unit = textOf(reader);
    else {
      type = typesByField[reader.field] ?? type;
      const data = reader.message();
      while (data.next()) {
        if (data.field === 1) dataPoints.push(pointReaders[type](data.message(), descriptor));
        else if (data.field === 2) temporality = data.lo === 1 ? 0 : 1;
        else if (data.field === 3) isMonotonic = data.lo === 1;
      }
    }
  }
  return {
    descriptor,
    aggregationTemporality: temporality,
    dataPointType: type,
    ...(type === 3 && { isMonotonic }),
    dataPoints,
  } as MetricData;
}

/** Reads one point, whose numbers of fields differ by kind. Members that were not on the wire keep what stands here. */
type PointReader = (reader: FieldReader, descriptor: { valueType: 0 | 1 }) => Point;

const noTime: HrTime = [0, 0];
const newPoint = <V>(value: V): Mutable<DataPoint<V>> => ({
  startTime: noTime,
  endTime: noTime,
  attributes: {},
  value,
});

const readNumberPoint: PointReader = (reader, descriptor) => {
  const point = newPoint(0);
  while (reader.next()) {
    const { field } = reader;
    if (field === 4) point.value = doubleOf(reader);
    else if (field === 6) {
      point.value = integerOf(reader);
      descriptor.valueType = 0;
    } else readCommon(reader, point, field, 7, 5);
  }
  return point;
};

const readHistogramPoint: PointReader = (reader) => {
  const boundaries: number[] = [];
  const counts: number[] = [];
  const value: Mutable<HistogramValue> = { buckets: { boundaries, counts }, count: 0 };
  const point = newPoint(value);
  while (reader.next()) {
    const { field } = reader;
    if (field === 4) value.count = integerOf(reader);
    else if (field === 5) value.sum = doubleOf(reader);
    else if (field === 6)
      for (let at = reader.start; at < reader.end; at += 8) counts.push(integerAt(reader.bytes, at));
    else if (field === 7)
      for (let at = reader.start; at < reader.end; at += 8) boundaries.push(doubleAt(reader.bytes, at));
    else if (field === 11) value.min = doubleOf(reader);
    else if (field === 12) value.max = doubleOf(reader);
    else readCommon(reader, point, field, 9, 8);
  }
  return point;
};

const readExponentialPoint: PointReader = (reader) => {
  const value: Mutable<ExponentialHistogramValue> = {
    count: 0,
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: { offset: 0, bucketCounts: [] },
    negative: { offset: 0, bucketCounts: [] },
  };
  const point = newPoint(value);
  while (reader.next()) {
    const { field } = reader;
    if (field === 4) value.count = integerOf(reader);
    else if (field === 5) value.sum = doubleOf(reader);
    else if (field === 6) value.scale = signedOf(reader);
    else if (field === 7) value.zeroCount = integerOf(reader);
    else if (field === 8) value.positive = readBuckets(reader.message());
    else if (field === 9) value.negative = readBuckets(reader.message());
    else if (field === 12) value.min = doubleOf(reader);
    else if (field === 13) value.max = doubleOf(reader);
    else if (field === 14) value.zeroThreshold = doubleOf(reader);
    else readCommon(reader, point, field, 1, 11);
  }
  return point;
};

/** By `DataPointType`. */
const pointReaders: Readonly<Record<0 | 1 | 2 | 3, PointReader>> = [
  readHistogramPoint,
  readExponentialPoint,
  readNumberPoint,
  readNumberPoint,
];

function readBuckets(reader: FieldReader): ExponentialBuckets {
  let offset = 0;
  const bucketCounts: number[] = [];
  while (reader.next()) {
    if (reader.field === 1) offset = signedOf(reader);
    else if (reader.field === 2) {
      for (let at = reader.start; at < reader.end; ) {
        at = reader.varint(at);
        bucketCounts.push((reader.hi >>> 0) * twoTo32 + (reader.lo >>> 0));
      }
    }
  }
  return { offset, bucketCounts };
}

function readCommon(reader: FieldReader, point: Point, field: number, attributes: number, exemplars: number): void {
  if (field === attributes) readKeyValue(reader.message(), point.attributes);
  else if (field === exemplars) point.exemplars = [...(point.exemplars ?? []), readExemplar(reader.message())];
  else if (field === 2) point.startTime = timeOf(reader);
  else if (field === 3) point.endTime = timeOf(reader);
}

function readExemplar(reader: FieldReader): Exemplar {
  const exemplar: Mutable<Exemplar> = { timestamp: noTime, value: 0, filteredAttributes: {} };
  while (reader.next()) {
    const { field } = reader;
    if (field === 2) exemplar.timestamp = timeOf(reader);
    else if (field === 3) exemplar.value = doubleOf(reader);
    else if (field === 4) exemplar.spanId = hexFrom(reader);
    else if (field === 5) exemplar.traceId = hexFrom(reader);
    else if (field === 6) exemplar.value = integerOf(reader);
    else if (field === 7) readKeyValue(reader.message(), exemplar.filteredAttributes);
  }
  return exemplar;
}

/** Attributes that stand in a row, each with a tag of its own, as a data point has them. */
export function readAttributes(encoded: Uint8Array): Attributes {
  const attributes: Attributes = {};
  const reader = new FieldReader(encoded);
  while (reader.next()) readKeyValue(reader.message(), attributes);
  return attributes;
}

function readKeyValue(reader: FieldReader, attributes: Attributes): void {
  let key = '';
  let value: unknown;
  while (reader.next()) {
    if (reader.field === 1) key = textOf(reader);
    else value = readValue(reader.message());
  }
  // Not by assignment: a key may be `__proto__`.
  Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true, writable: true });
}

function readValue(reader: FieldReader): unknown {
  let value: unknown = null;
  while (reader.next()) {
    const { field, lo, hi } = reader;
    if (field === 1) value = textOf(reader);
    else if (field === 2) value = lo === 1;
    else if (field === 3) value = bigOrNumber(hi, lo);
    else if (field === 4) value = doubleOf(reader);
    else if (field === 5) value = [...fieldsOf(reader.message(), 1)].map(readValue);
    else if (field === 7) value = reader.bytes.slice(reader.start, reader.end);
  }
  return value;
}

const bigOrNumber = (hi: number, lo: number): number | bigint => {
  const value = hi * twoTo32 + (lo >>> 0);
  return Math.abs(value) < twoTo53 ? value : BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo >>> 0));
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const doubleAt = (bytes: Uint8Array, at: number): number => viewOf(bytes).getFloat64(at, true);
const doubleOf = ({ bytes, start }: FieldReader): number => doubleAt(bytes, start);
/** 64 bits of two's complement; exact up to 53. */
const integerAt = (bytes: Uint8Array, at: number): number => {
  const view = viewOf(bytes);
  return view.getInt32(at + 4, true) * twoTo32 + view.getUint32(at, true);
};
const integerOf = ({ bytes, start }: FieldReader): number => integerAt(bytes, start);
const signedOf = ({ lo }: FieldReader): number => (lo >>> 1) ^ -(lo & 1);
const timeOf = ({ bytes, start }: FieldReader): HrTime => {
  const view = viewOf(bytes);
  return toHrTime(view.getInt32(start + 4, true), view.getInt32(start, true));
};
const hexFrom = ({ bytes, start, end }: FieldReader): string => {
  const view = viewOf(bytes);
  let text = '';
  for (let at = start; at < end; at += 4) text += hexOf(view.getInt32(at));
  return text;
};
