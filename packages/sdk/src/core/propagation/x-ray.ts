import type { TextMapPropagator } from '@opentelemetry/api';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { only } from './header-value.js';
import { remoteSpanContext } from './remote-span-context.js';

const header = 'x-amzn-trace-id';

/**
 * AWS X-Ray's header, `X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`. The
 * fields come in any order and unknown ones are ignored. A root without a parent (a load balancer's) is not a span to be
 * child of and is left alone.
 */
export const xRayPropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    const spanContext = getSpanContext(context);
    if (isTracingSuppressed(context) || !isSpanContextValid(spanContext)) return;
    const { traceId, spanId, traceFlags } = spanContext;
    const root = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
    setter.set(carrier, header, `Root=${root};Parent=${spanId};Sampled=${traceFlags & 1}`);
  },
  extract(context, carrier, getter) {
    const fields = new Map<string, string>();
    for (const field of (only(getter.get(carrier, header)) ?? '').split(';')) {
      const equals = field.indexOf('=');
      if (equals > 0) fields.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim());
    }
    const root = /^1-([\da-f]{8})-([\da-f]{24})$/i.exec(fields.get('root') ?? '');
    const parent = /^[\da-f]{16}$/i.exec(fields.get('parent') ?? '');
    const spanContext =
      root && parent && remoteSpanContext(root[1]! + root[2]!, parent[0], fields.get('sampled') === '1');
    return spanContext ? withSpanContext(context, spanContext) : context;
  },
  fields: () => [header],
};
