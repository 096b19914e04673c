import type { SpanIdentity } from '../trace/span-identity.js';
import { writeDouble, writeFixed64 } from './data-point.js';
import { varintSize, writeVarint } from './varint.js';

/** A single measurement on its way to the wire. */
export interface EncodableExemplar {
  /** When it was measured: nanoseconds in two halves. */
  readonly hi: number;
  readonly lo: number;
  readonly value: number;
  readonly isInteger: boolean;
  readonly span: SpanIdentity | undefined;
  /** The field `filtered_attributes` (7), as often as there are some. */
  readonly attributes: Uint8Array;
}

/** The tag of `filtered_attributes` in an `Exemplar`. */
export const exemplarAttributes = 0x3a;

const messageSize = ({ span, attributes }: EncodableExemplar): number => 18 + (span ? 28 : 0) + attributes.length;

/** Bytes of the field `exemplars` of a data point for one of them. */
export function exemplarSize(exemplar: EncodableExemplar): number {
  const size = messageSize(exemplar);
  return 1 + varintSize(size) + size;
}

/** Writes it: an `Exemplar` (metrics.proto) behind the tag that the kind of data point gives the field. */
export function writeExemplar(
  bytes: Uint8Array,
  view: DataView,
  pos: number,
  tag: number,
  exemplar: EncodableExemplar,
): number {
  const { hi, lo, value, isInteger, span, attributes } = exemplar;
  bytes[pos] = tag;
  let at = writeVarint(bytes, pos + 1, messageSize(exemplar));
  bytes[at] = 0x11;
  view.setInt32(at + 1, lo, true);
  view.setInt32(at + 5, hi, true);
  at += 9;
  if (isInteger) {
    bytes[at] = 0x31;
    at = writeFixed64(view, at + 1, value);
  } else at = writeDouble(bytes, view, at, 0x19, value);
  if (span) {
    view.setInt16(at, 0x2208);
    view.setInt32(at + 2, span.s0);
    view.setInt32(at + 6, span.s1);
    view.setInt16(at + 10, 0x2a10);
    view.setInt32(at + 12, span.t0);
    view.setInt32(at + 16, span.t1);
    view.setInt32(at + 20, span.t2);
    view.setInt32(at + 24, span.t3);
    at += 28;
  }
  bytes.set(attributes, at);
  return at + attributes.length;
}
