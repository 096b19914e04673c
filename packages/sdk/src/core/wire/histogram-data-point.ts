import { writeDouble, writeFixed64 } from './data-point.js';
import { varintSize, writeVarint } from './varint.js';

/** `HistogramDataPoint.attributes` (metrics.proto, field 9). */
export const histogramAttributes = 0x4a;

/** Where a histogram's cells hold what is no bucket: behind them, in this order. */
export const sumCell = 0;
export const minCell = 1;
export const maxCell = 2;
export const extraCells = 3;

/** What of a histogram is told beside its buckets and its count. */
export interface HistogramParts {
  /** Not where measurements may be negative (specification "Histogram Aggregations"). */
  readonly sum: boolean;
  readonly minMax: boolean;
}

/** Bytes of count, sum, least, greatest, buckets and bounds of a `HistogramDataPoint`. */
export function histogramValueSize(bounds: readonly number[], { sum, minMax }: HistogramParts): number {
  const counts = (bounds.length + 1) * 8;
  const limits = bounds.length * 8;
  return (
    9 +
    (sum ? 9 : 0) +
    (minMax ? 18 : 0) +
    1 +
    varintSize(counts) +
    counts +
    (limits && 1 + varintSize(limits) + limits)
  );
}

/** Writes the histogram whose counts begin at `from` in `cells`; its sum, least and greatest value stand behind them. */
export function writeHistogramValue(
  bytes: Uint8Array,
  view: DataView,
  pos: number,
  cells: Float64Array,
  from: number,
  bounds: readonly number[],
  { sum, minMax }: HistogramParts,
): number {
  const buckets = bounds.length + 1;
  const extra = from + buckets;
  let count = 0;
  for (let i = 0; i < buckets; i++) count += cells[from + i]!;
  bytes[pos] = 0x21;
  writeFixed64(view, pos + 1, count);
  let at = pos + 9;
  if (sum) at = writeDouble(bytes, view, at, 0x29, cells[extra + sumCell]!);
  bytes[at] = 0x32;
  at = writeVarint(bytes, at + 1, buckets * 8);
  for (let i = 0; i < buckets; i++) at = writeFixed64(view, at, cells[from + i]!);
  if (bounds.length) {
    bytes[at] = 0x3a;
    at = writeVarint(bytes, at + 1, bounds.length * 8);
    for (const bound of bounds) {
      view.setFloat64(at, bound, true);
      at += 8;
    }
  }
  if (!minMax) return at;
  at = writeDouble(bytes, view, at, 0x59, cells[extra + minCell]!);
  return writeDouble(bytes, view, at, 0x61, cells[extra + maxCell]!);
}
