import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '../trace/readable-span.js';
import { attributes, type Bytes, count, field, fixed, hex, text } from './protobuf.js';

/** Unix nanoseconds in 64 fixed bits. */
export const encodedTime = (tag: number, [seconds, nanos]: HrTime): Bytes =>
  fixed(tag, new BigUint64Array([BigInt(seconds) * 1_000_000_000n + BigInt(nanos)]));
const identity = ({ traceId, spanId, traceState }: SpanContext): Bytes => [
  hex(10, traceId),
  hex(18, spanId),
  text(26, traceState?.serialize()),
];
/** trace.proto, SpanFlags: the W3C flags, "it is known whether it is remote", "it is"; four bytes. */
const flags = (own: SpanContext, remote: SpanContext | undefined): Bytes => [
  own.traceFlags,
  remote?.isRemote ? 3 : 1,
  0,
  0,
];

/** A span as the field `spans` of `ScopeSpans` (trace.proto). */
export function encodeSpan(span: ReadableSpan): Bytes {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  const { code, message } = span.status;
  return field(
    18,
    identity(context),
    parent ? hex(34, parent.spanId) : [],
    text(42, span.name),
    count(48, span.kind + 1),
    encodedTime(57, span.startTime),
    encodedTime(65, span.endTime),
    attributes(74, span.attributes),
    count(80, span.droppedAttributesCount),
    span.events.map((event) =>
      field(
        90,
        encodedTime(9, event.time),
        text(18, event.name),
        attributes(26, event.attributes),
        count(32, event.droppedAttributesCount),
      ),
    ),
    count(96, span.droppedEventsCount),
    span.links.map((link) =>
      field(
        106,
        identity(link.context),
        attributes(34, link.attributes),
        count(40, link.droppedAttributesCount),
        53,
        flags(link.context, link.context),
      ),
    ),
    count(112, span.droppedLinksCount),
    code ? field(122, text(18, message), count(24, code)) : [],
    // The one tag of two bytes: 16 << 3 | 5.
    133,
    1,
    flags(context, parent),
  );
}
