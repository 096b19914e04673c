import type { SpanIdentity } from '../trace/span-identity.js';
import { anyValueBound, writeAnyValue } from './any-value.js';
import { type AttributeList, writeAttributes } from './attributes.js';
import type { KeyCache } from './encoded-key.js';
import type { NameCache } from './name-cache.js';
import type { FragmentBuffer } from './open-buffer.js';
import type { EncodedScope } from './scope.js';
import { writeAscii } from './utf8.js';
import { closeLength, writeVarint } from './varint.js';

/** What a `LogRecord` is made of. One object serves all records of a provider: it is filled, written and filled again. */
export interface LogRecordFields {
  /** Nanoseconds in two halves, as `TimeSource` has them. */
  timeHi: number;
  timeLo: number;
  observedHi: number;
  observedLo: number;
  severityNumber: number;
  severityText: string;
  eventName: string;
  /** Plain values only; `undefined` for a record without a body. */
  body: unknown;
  /** The first `attributesLength` places of the list count; they need at most `attributesBound` bytes. */
  readonly attributes: AttributeList;
  attributesLength: number;
  attributesBound: number;
  droppedAttributes: number;
  /** The span it belongs to. */
  span: SpanIdentity | undefined;
}

/** Times, ids, severity, flags and the tags and lengths of it all take at most, without the texts. */
const fixedBound = 128;

/**
 * Writes `ScopeLogs.log_records` (logs.proto, field 2), tag and length included, as a fragment of `scope`. `false`: it did not fit and is not
 * kept.
 */
export function writeLogRecord(
  buffer: FragmentBuffer,
  scope: EncodedScope,
  record: LogRecordFields,
  keys: KeyCache,
  names: NameCache,
): boolean {
  const { severityText, eventName, body, span } = record;
  const pos = buffer.reserve(
    fixedBound +
      (severityText.length + eventName.length) * 3 +
      (body === undefined ? 0 : anyValueBound(body)) +
      record.attributesBound,
  );
  const { bytes, view } = buffer;
  bytes[pos] = 0x12;
  bytes[pos + 2] = 0x09;
  view.setInt32(pos + 3, record.timeLo, true);
  view.setInt32(pos + 7, record.timeHi, true);
  bytes[pos + 11] = 0x59;
  view.setInt32(pos + 12, record.observedLo, true);
  view.setInt32(pos + 16, record.observedHi, true);
  let at = pos + 20;
  if (record.severityNumber) {
    bytes[at] = 0x10;
    at = writeVarint(bytes, at + 1, record.severityNumber);
  }
  if (severityText) at = names.write(bytes, view, at, 0x1a, severityText);
  if (body !== undefined) at = writeBody(bytes, view, at, body);
  at = writeAttributes(bytes, view, at, 0x32, record.attributes, record.attributesLength, keys);
  if (record.droppedAttributes) {
    bytes[at] = 0x38;
    at = writeVarint(bytes, at + 1, record.droppedAttributes);
  }
  if (span) {
    bytes[at] = 0x45;
    view.setInt32(at + 1, span.flags & 0xff, true);
    view.setInt16(at + 5, 0x4a10);
    view.setInt32(at + 7, span.t0);
    view.setInt32(at + 11, span.t1);
    view.setInt32(at + 15, span.t2);
    view.setInt32(at + 19, span.t3);
    view.setInt16(at + 23, 0x5208);
    view.setInt32(at + 25, span.s0);
    view.setInt32(at + 29, span.s1);
    at += 33;
  }
  if (eventName) at = names.write(bytes, view, at, 0x62, eventName);
  return buffer.commit(scope, closeLength(bytes, pos + 1, at));
}

/** Content and length of a text take a byte each below this. */
const shortText = 124;

function writeBody(bytes: Uint8Array, view: DataView, at: number, body: unknown): number {
  bytes[at] = 0x2a;
  if (typeof body === 'string' && body.length < shortText) {
    // What nearly every body is.
    const { length } = body;
    bytes[at + 1] = length + 2;
    bytes[at + 2] = 0x0a;
    bytes[at + 3] = length;
    const end = writeAscii(bytes, view, at + 4, body);
    if (end > 0) return end;
  }
  return closeLength(bytes, at + 1, writeAnyValue(bytes, view, at + 2, body));
}
