import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '../trace/readable-span.js';
import { attributes, message } from './protobuf.js';

const bytes = (hex: string): number[] => hex.match(/../g)!.map((digits) => Number.parseInt(digits, 16));
const nanos = ([seconds, nanos]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
const identity = ({ traceId, spanId, traceState }: SpanContext) => [
  10,
  bytes(traceId),
  18,
  bytes(spanId),
  26,
  traceState?.serialize() || undefined,
];
/** trace.proto, SpanFlags: the W3C flags, "it is known whether it is remote", "it is". */
const flags = (own: number, remote: SpanContext | undefined): bigint =>
  BigInt(own | (remote?.isRemote ? 0x300 : 0x100));

/** A span as the message `Span` (trace.proto). */
export function encodeSpan(span: ReadableSpan): number[] {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  const { status } = span;
  return message([
    ...identity(context),
    34,
    parent && bytes(parent.spanId),
    42,
    span.name,
    48,
    span.kind + 1,
    57,
    nanos(span.startTime),
    65,
    nanos(span.endTime),
    ...attributes(74, span.attributes),
    80,
    span.droppedAttributesCount || undefined,
    ...span.events.flatMap((event) => [
      90,
      message([
        9,
        nanos(event.time),
        18,
        event.name,
        ...attributes(26, event.attributes),
        32,
        event.droppedAttributesCount || undefined,
      ]),
    ]),
    96,
    span.droppedEventsCount || undefined,
    ...span.links.flatMap(({ context, ...link }) => [
      106,
      message([
        ...identity(context),
        ...attributes(34, link.attributes),
        40,
        link.droppedAttributesCount || undefined,
        53,
        flags(context.traceFlags, context),
      ]),
    ]),
    112,
    span.droppedLinksCount || undefined,
    122,
    status.code ? message([18, status.message || undefined, 24, status.code]) : undefined,
    133,
    flags(context.traceFlags, parent),
  ]);
}
