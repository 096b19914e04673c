import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '../trace/readable-span.js';
import type { Writer } from './protobuf.js';

const nanos = ([seconds, nanos]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
/** trace.proto, SpanFlags: the W3C flags, "it is known whether it is remote", "it is". */
const flags = (own: number, remote: SpanContext | undefined): bigint =>
  BigInt(own | (remote?.isRemote ? 0x300 : 0x100));

/** A span as the field `spans` of `ScopeSpans` (trace.proto). */
export function encodeSpan({ attributes, count, fixed, hex, nested, text }: Writer, span: ReadableSpan): void {
  const identity = ({ traceId, spanId, traceState }: SpanContext): void => {
    hex(10, traceId);
    hex(18, spanId);
    text(26, traceState?.serialize() || undefined);
  };
  nested(18, () => {
    const context = span.spanContext();
    const parent = span.parentSpanContext;
    const { code, message } = span.status;
    identity(context);
    if (parent) hex(34, parent.spanId);
    text(42, span.name);
    count(48, span.kind + 1);
    fixed(57, nanos(span.startTime));
    fixed(65, nanos(span.endTime));
    attributes(74, span.attributes);
    count(80, span.droppedAttributesCount);
    for (const event of span.events) {
      nested(90, () => {
        fixed(9, nanos(event.time));
        text(18, event.name);
        attributes(26, event.attributes);
        count(32, event.droppedAttributesCount);
      });
    }
    count(96, span.droppedEventsCount);
    for (const link of span.links) {
      nested(106, () => {
        identity(link.context);
        attributes(34, link.attributes);
        count(40, link.droppedAttributesCount);
        fixed(53, flags(link.context.traceFlags, link.context));
      });
    }
    count(112, span.droppedLinksCount);
    if (code) {
      nested(122, () => {
        text(18, message || undefined);
        count(24, code);
      });
    }
    fixed(133, flags(context.traceFlags, parent));
  });
}
