import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '../trace/readable-span.js';
import type { Writer } from './protobuf.js';

const nanos = ([seconds, nanos]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
/** trace.proto, SpanFlags: the W3C flags, "it is known whether it is remote", "it is". */
const flags = (own: number, remote: SpanContext | undefined): bigint =>
  BigInt(own | (remote?.isRemote ? 0x300 : 0x100));

function identity(to: Writer, { traceId, spanId, traceState }: SpanContext): void {
  to.hex(10, traceId);
  to.hex(18, spanId);
  to.text(26, traceState?.serialize() || undefined);
}

/** A span as the field `spans` of `ScopeSpans` (trace.proto). */
export function encodeSpan(to: Writer, span: ReadableSpan): void {
  to.nested(18, () => {
    const context = span.spanContext();
    const parent = span.parentSpanContext;
    const { code, message } = span.status;
    identity(to, context);
    if (parent) to.hex(34, parent.spanId);
    to.text(42, span.name);
    to.count(48, span.kind + 1);
    to.fixed(57, nanos(span.startTime));
    to.fixed(65, nanos(span.endTime));
    to.attributes(74, span.attributes);
    to.count(80, span.droppedAttributesCount);
    for (const event of span.events) {
      to.nested(90, () => {
        to.fixed(9, nanos(event.time));
        to.text(18, event.name);
        to.attributes(26, event.attributes);
        to.count(32, event.droppedAttributesCount);
      });
    }
    to.count(96, span.droppedEventsCount);
    for (const link of span.links) {
      to.nested(106, () => {
        identity(to, link.context);
        to.attributes(34, link.attributes);
        to.count(40, link.droppedAttributesCount);
        to.fixed(53, flags(link.context.traceFlags, link.context));
      });
    }
    to.count(112, span.droppedLinksCount);
    if (code) {
      to.nested(122, () => {
        to.text(18, message || undefined);
        to.count(24, code);
      });
    }
    to.fixed(133, flags(context.traceFlags, parent));
  });
}
