import type { HrTime, SpanContext } from '@opentelemetry/api';
import { attributes, type Bytes, eight, field, text, varint } from './protobuf.js';
import type { SmallSpan } from './small-span.js';

function ids(out: Bytes, { traceId, spanId }: SpanContext): void {
  for (const [tag, hex] of [
    [10, traceId],
    [18, spanId],
  ] as const)
    field(out, tag, bytesOf(hex));
}

const bytesOf = (hex: string): Bytes => hex.match(/../g)!.map((digits) => Number.parseInt(digits, 16));

const time = (out: Bytes, tag: number, [seconds, nanos]: HrTime): void =>
  eight(out, tag, (view) => view.setBigUint64(0, BigInt(seconds) * 1_000_000_000n + BigInt(nanos), true));

function count(out: Bytes, tag: number, dropped = 0): void {
  if (dropped) {
    out.push(tag);
    varint(out, dropped);
  }
}

/** `flags` of spans and links (trace.proto, SpanFlags): the W3C flags, "it is known whether it is remote", "it is". */
const flags = (out: Bytes, tag: readonly number[], own: number, remote: SpanContext | undefined): number =>
  out.push(...tag, own, remote?.isRemote ? 3 : 1, 0, 0);

/** A span as the message `Span` (trace.proto). */
export function encodeSpan(span: SmallSpan): Bytes {
  const out: Bytes = [];
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  ids(out, context);
  text(out, 26, context.traceState?.serialize());
  if (parent) field(out, 34, bytesOf(parent.spanId));
  text(out, 42, span.name);
  out.push(48, span.kind + 1);
  time(out, 57, span.startTime);
  time(out, 65, span.endTime);
  attributes(out, 74, span.attributes);
  count(out, 80, span.droppedAttributesCount);
  for (const event of span.events) {
    const inner: Bytes = [];
    time(inner, 9, event.time);
    text(inner, 18, event.name);
    attributes(inner, 26, event.attributes);
    count(inner, 32, event.droppedAttributesCount);
    field(out, 90, inner);
  }
  count(out, 96, span.droppedEventsCount);
  for (const link of span.links) {
    const inner: Bytes = [];
    ids(inner, link.context);
    text(inner, 26, link.context.traceState?.serialize());
    attributes(inner, 34, link.attributes);
    count(inner, 40, link.droppedAttributesCount);
    flags(inner, [53], link.context.traceFlags, link.context);
    field(out, 106, inner);
  }
  count(out, 112, span.droppedLinksCount);
  const { code, message } = span.status;
  if (code) {
    const inner: Bytes = [];
    text(inner, 18, message);
    inner.push(24, code);
    field(out, 122, inner);
  }
  flags(out, [133, 1], context.traceFlags, parent);
  return out;
}
