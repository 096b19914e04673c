import type { OnFragment } from '../batch.js';
import type { FragmentBuffer } from './open-buffer.js';
import type { EncodedScope } from './scope.js';
import { stringField } from './string-field.js';
import { varintSize, writeVarint } from './varint.js';

/** Of `AggregationTemporality` (metrics.proto). */
export const delta = 1;
export const cumulative = 2;
export type Temporality = typeof delta | typeof cumulative;

/** Tags of `Metric`'s data, one of which a metric has. */
export const gaugeData = 0x2a;
export const sumData = 0x3a;
export const histogramData = 0x4a;
export const exponentialHistogramData = 0x52;
export type DataTag = typeof gaugeData | typeof sumData | typeof histogramData | typeof exponentialHistogramData;

/** What all fragments of one metric have in common, encoded once. */
export interface MetricFrame {
  readonly scope: EncodedScope;
  /** Name, description and unit: fields 1 to 3 of `Metric`. */
  readonly head: Uint8Array;
  readonly data: DataTag;
  /** What stands behind the data points: temporality, and of a sum whether it only rises. */
  readonly tail: Uint8Array;
}

export function encodeMetricHead(name: string, description: string, unit: string): Uint8Array {
  const parts = [stringField(0x0a, name), stringField(0x12, description), stringField(0x1a, unit)];
  const head = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    head.set(part, at);
    at += part.length;
  }
  return head;
}

export function encodeDataTail(temporality: Temporality, monotonic: boolean): Uint8Array {
  return new Uint8Array(monotonic ? [0x10, temporality, 0x18, 1] : [0x10, temporality]);
}

/** The data points of one metric, by number. */
export interface DataPoints {
  readonly count: number;
  /** Bytes of a point without its tag and length; 0 for one that is left out. */
  size(point: number): number;
  /** Writes that many bytes and returns the position behind them. Up to `slack` behind that may be overwritten. */
  write(bytes: Uint8Array, view: DataView, pos: number, point: number): number;
}

/** What is copied by words may be written this far beyond its end. */
const slack = 8;

/**
 * A fragment is begun anew when it is this large. Small, because a fragment cannot be divided when a batch is sealed and what a page sends at its end
 * has little room; large enough that its name is a small part of it.
 */
const fragmentBytes = 2_048;

/**
 * Writes all points into `to.buffer`, which whoever hears of a fragment may change, as fragments `ScopeMetrics.metrics` (metrics.proto, field 2), each a complete `Metric` with its share of them: a receiver joins
 * what has one name. Every length is known before it is written.
 */
export function writeMetric(
  to: { readonly buffer: FragmentBuffer },
  { scope, head, data, tail }: MetricFrame,
  points: DataPoints,
  onFragment: OnFragment,
): void {
  let next = 0;
  while (next < points.count) {
    const first = next;
    let items = 0;
    let length = tail.length;
    while (next < points.count && length < fragmentBytes) {
      const size = points.size(next++);
      if (!size) continue;
      length += 1 + varintSize(size) + size;
      items++;
    }
    if (!items) return;
    const whole = head.length + 1 + varintSize(length) + length;
    const { buffer } = to;
    const pos = buffer.reserve(1 + varintSize(whole) + whole + slack);
    const { bytes, view } = buffer;
    bytes[pos] = 0x12;
    let at = writeVarint(bytes, pos + 1, whole);
    bytes.set(head, at);
    at += head.length;
    bytes[at] = data;
    at = writeVarint(bytes, at + 1, length);
    for (let point = first; point < next; point++) {
      const size = points.size(point);
      if (!size) continue;
      bytes[at] = 0x0a;
      at = points.write(bytes, view, writeVarint(bytes, at + 1, size), point);
    }
    bytes.set(tail, at);
    if (buffer.commit(scope, at + tail.length, items)) onFragment(buffer);
  }
}
