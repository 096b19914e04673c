import { writeDouble, writeFixed64 } from './data-point.js';
import type { HistogramParts } from './histogram-data-point.js';
import { varintSize, writeVarint, writeVarint64 } from './varint.js';

/** `ExponentialHistogramDataPoint.attributes` (metrics.proto, field 1). */
export const exponentialAttributes = 0x0a;

const twoTo32 = 0x1_0000_0000;

/** Counts of neighbouring buckets, from index `first` on. */
interface BucketCounts {
  readonly first: number;
  readonly length: number;
  readonly counts: Float64Array;
}

/** What of an exponential histogram stands in a data point. */
export interface ExponentialValue {
  readonly count: number;
  readonly sum: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly min: number;
  readonly max: number;
  readonly positive: BucketCounts;
  readonly negative: BucketCounts;
}

const zigzag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;

const countsSize = ({ counts, length }: BucketCounts): number => {
  let size = 0;
  for (let i = 0; i < length; i++) size += varintSize(counts[i]!);
  return size;
};

/** Bytes of a `Buckets` message that has some. */
const bucketsSize = (buckets: BucketCounts, counts: number): number =>
  1 + varintSize(zigzag(buckets.first)) + 1 + varintSize(counts) + counts;

function bucketsFieldSize(buckets: BucketCounts): number {
  if (!buckets.length) return 0;
  const size = bucketsSize(buckets, countsSize(buckets));
  return 1 + varintSize(size) + size;
}

/** Bytes of everything but times and attributes. */
export function exponentialValueSize(
  value: ExponentialValue,
  { sum, minMax }: HistogramParts,
  threshold: number,
): number {
  const fixed = 18 + (sum ? 9 : 0) + (minMax ? 18 : 0) + (threshold ? 9 : 0);
  return (
    fixed + 1 + varintSize(zigzag(value.scale)) + bucketsFieldSize(value.positive) + bucketsFieldSize(value.negative)
  );
}

/** Writes them (metrics.proto, `ExponentialHistogramDataPoint`). */
export function writeExponentialValue(
  bytes: Uint8Array,
  view: DataView,
  pos: number,
  value: ExponentialValue,
  { sum, minMax }: HistogramParts,
  threshold: number,
): number {
  bytes[pos] = 0x21;
  let at = writeFixed64(view, pos + 1, value.count);
  if (sum) at = writeDouble(bytes, view, at, 0x29, value.sum);
  bytes[at] = 0x30;
  at = writeVarint(bytes, at + 1, zigzag(value.scale));
  bytes[at] = 0x39;
  at = writeFixed64(view, at + 1, value.zeroCount);
  at = writeBuckets(bytes, at, 0x42, value.positive);
  at = writeBuckets(bytes, at, 0x4a, value.negative);
  if (minMax) at = writeDouble(bytes, view, writeDouble(bytes, view, at, 0x61, value.min), 0x69, value.max);
  return threshold ? writeDouble(bytes, view, at, 0x71, threshold) : at;
}

function writeBuckets(bytes: Uint8Array, pos: number, tag: number, buckets: BucketCounts): number {
  if (!buckets.length) return pos;
  const counts = countsSize(buckets);
  bytes[pos] = tag;
  let at = writeVarint(bytes, pos + 1, bucketsSize(buckets, counts));
  bytes[at] = 0x08;
  at = writeVarint64(bytes, at + 1, 0, zigzag(buckets.first));
  bytes[at] = 0x12;
  at = writeVarint(bytes, at + 1, counts);
  for (let i = 0; i < buckets.length; i++) {
    const count = buckets.counts[i]!;
    at = writeVarint64(bytes, at, Math.floor(count / twoTo32), count | 0);
  }
  return at;
}
