import { TimeSource } from '../clock/time-source.js';
import type { Clock } from '../ports.js';
import { identityOf } from '../trace/span-identity.js';
import { pointTimesSize, writePointTimes } from '../wire/data-point.js';
import { encodeAttributes } from '../wire/encode-attributes.js';
import { type EncodableExemplar, exemplarAttributes, exemplarSize, writeExemplar } from '../wire/exemplar.js';
import {
  type ExponentialValue,
  exponentialAttributes,
  exponentialValueSize,
  writeExponentialValue,
} from '../wire/exponential-data-point.js';
import { histogramAttributes, histogramValueSize, writeHistogramValue } from '../wire/histogram-data-point.js';
import { numberAttributes, numberValueSize, writeNumberValue } from '../wire/number-data-point.js';
import type {
  DataPoint,
  ExponentialBuckets,
  ExponentialHistogramValue,
  HistogramValue,
  MetricData,
} from './metric-data.js';

/** How the value of one kind of point is written. */
interface ValueWriter {
  /** Tags of `attributes` and `exemplars`. */
  readonly attributes: number;
  readonly exemplars: number;
  readonly size: number;
  write(bytes: Uint8Array, view: DataView, pos: number): number;
}

/** Encodes data points that exist as objects: what producers hand over. */
export function createPointEncoder(clock: Clock): (metric: MetricData) => Uint8Array[] {
  const time = new TimeSource(clock);
  const anchor = time.rootAnchor(time.monotonicMs());

  const encode = (point: DataPoint<unknown>, isInteger: boolean, value: ValueWriter): Uint8Array => {
    const times = { startHi: 0, startLo: 0, timeHi: 0, timeLo: 0 };
    time.read(point.startTime, anchor);
    times.startHi = time.hi;
    times.startLo = time.lo;
    time.read(point.endTime, anchor);
    times.timeHi = time.hi;
    times.timeLo = time.lo;
    const attributes = encodeAttributes(value.attributes, point.attributes);
    const exemplars = (point.exemplars ?? []).map((exemplar): EncodableExemplar => {
      const { traceId = '', spanId = '', filteredAttributes } = exemplar;
      time.read(exemplar.timestamp, anchor);
      return {
        hi: time.hi,
        lo: time.lo,
        value: exemplar.value,
        isInteger,
        span: identityOf({ traceId, spanId, traceFlags: 1 }),
        attributes: encodeAttributes(exemplarAttributes, filteredAttributes),
      };
    });
    const exemplarsSize = exemplars.reduce((sum, exemplar) => sum + exemplarSize(exemplar), 0);
    const bytes = new Uint8Array(pointTimesSize + value.size + attributes.length + exemplarsSize);
    const view = new DataView(bytes.buffer);
    let at = value.write(bytes, view, writePointTimes(bytes, view, 0, times));
    bytes.set(attributes, at);
    at += attributes.length;
    for (const exemplar of exemplars) at = writeExemplar(bytes, view, at, value.exemplars, exemplar);
    return bytes;
  };

  return ({ dataPointType, dataPoints, descriptor }) => {
    const isInteger = descriptor.valueType === 0;
    const writerOf = writers[dataPointType] as (value: unknown, isInteger: boolean) => ValueWriter;
    return (dataPoints as readonly DataPoint<unknown>[]).map((point) =>
      encode(point, isInteger, writerOf(point.value, isInteger)),
    );
  };
}

const ofNumber = (value: number, isInteger: boolean): ValueWriter => ({
  attributes: numberAttributes,
  exemplars: 0x2a,
  size: numberValueSize,
  write: (bytes, view, pos) => writeNumberValue(bytes, view, pos, value, isInteger),
});

const partsOf = ({ sum, min, max }: Pick<HistogramValue, 'sum' | 'min' | 'max'>) => ({
  sum: sum !== undefined,
  minMax: min !== undefined && max !== undefined,
});

function ofHistogram(value: HistogramValue): ValueWriter {
  const { boundaries, counts } = value.buckets;
  const { sum = 0, min = 0, max = 0 } = value;
  const parts = partsOf(value);
  const cells = new Float64Array([...counts, sum, min, max]);
  return {
    attributes: histogramAttributes,
    exemplars: 0x42,
    size: histogramValueSize(boundaries, parts),
    write: (bytes, view, pos) => writeHistogramValue(bytes, view, pos, cells, 0, boundaries, parts),
  };
}

function ofExponentialHistogram(value: ExponentialHistogramValue): ValueWriter {
  const { count, scale, zeroCount, zeroThreshold, sum = 0, min = 0, max = 0 } = value;
  const parts = partsOf(value);
  const buckets = ({ offset, bucketCounts }: ExponentialBuckets) => ({
    first: offset,
    length: bucketCounts.length,
    counts: Float64Array.from(bucketCounts),
  });
  const whole: ExponentialValue = {
    count,
    sum,
    scale,
    zeroCount,
    min,
    max,
    positive: buckets(value.positive),
    negative: buckets(value.negative),
  };
  return {
    attributes: exponentialAttributes,
    exemplars: 0x5a,
    size: exponentialValueSize(whole, parts, zeroThreshold),
    write: (bytes, view, pos) => writeExponentialValue(bytes, view, pos, whole, parts, zeroThreshold),
  };
}

/** By `DataPointType`. */
const writers = [ofHistogram, ofExponentialHistogram, ofNumber, ofNumber];
