import type { Signal } from '../batch.js';
import { FieldReader } from './field-reader.js';
import { varintSize, writeVarint } from './varint.js';

/** One of the two requests a request was split into. */
export interface RequestPart {
  readonly bytes: Uint8Array;
  /** Spans, data points or log records inside. */
  readonly items: number;
}

/**
 * A message on the way to the items: the fields that are (or hold) more of them. What stands beside them (resource, scope, a
 * metric's name) is repeated in both parts.
 */
type Level = readonly number[];

/** `resource_…` · `scope_…` · items. */
const levels: readonly Level[] = [[1], [2], [2]];
/** For metrics further: a `Metric`'s gauge, sum, histogram, exponential histogram or summary · its data points. */
const metricLevels: readonly Level[] = [...levels, [5, 7, 9, 10, 11], [1]];

/**
 * Splits an export request into two complete ones of about half the bytes each, in the order of their items; `undefined` when
 * it holds one item or none, or is not well formed. The same bytes always give the same parts.
 */
export function splitExportRequest(signal: Signal, bytes: Uint8Array): readonly [RequestPart, RequestPart] | undefined {
  const path = signal === 'metrics' ? metricLevels : levels;
  const sizes: number[] = [];
  if (!measure(new FieldReader(bytes), path, 0, sizes) || sizes.length < 2) return undefined;
  const half = sizes.reduce((sum, size) => sum + size, 0) / 2;
  let first = 1;
  for (let sum = sizes[0]!; first < sizes.length - 1 && sum + sizes[first]! <= half; first++) sum += sizes[first]!;
  const cut = (from: number, to: number): RequestPart => ({
    bytes: select(new FieldReader(bytes), path, 0, { next: 0, from, to }).bytes,
    items: to - from,
  });
  return [cut(0, first), cut(first, sizes.length)];
}

/** The size of every item; `false` where the request is damaged. */
function measure(reader: FieldReader, path: readonly Level[], depth: number, sizes: number[]): boolean {
  while (reader.next()) {
    if (reader.wireType !== 2 || !path[depth]!.includes(reader.field)) continue;
    if (depth === path.length - 1) sizes.push(reader.end - reader.tagStart);
    else if (!measure(reader.message(), path, depth + 1, sizes)) return false;
  }
  return !reader.damaged;
}

interface Selection {
  /** Number of the next item met. */
  next: number;
  readonly from: number;
  readonly to: number;
}

/** A copy of a message with only the selected items in it, and how many those are. */
function select(
  reader: FieldReader,
  path: readonly Level[],
  depth: number,
  selection: Selection,
): { bytes: Uint8Array; items: number } {
  const pieces: Uint8Array[] = [];
  let items = 0;
  while (reader.next()) {
    const whole = reader.bytes.subarray(reader.tagStart, reader.end);
    if (reader.wireType !== 2 || !path[depth]!.includes(reader.field)) pieces.push(whole);
    else if (depth === path.length - 1) {
      const wanted = selection.next >= selection.from && selection.next < selection.to;
      selection.next++;
      if (wanted) {
        pieces.push(whole);
        items++;
      }
    } else {
      const inner = select(reader.message(), path, depth + 1, selection);
      if (!inner.items) continue;
      items += inner.items;
      const { length } = inner.bytes;
      const head = new Uint8Array(1 + varintSize(length));
      head[0] = (reader.field << 3) | 2;
      writeVarint(head, 1, length);
      pieces.push(head, inner.bytes);
    }
  }
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { bytes, items };
}
