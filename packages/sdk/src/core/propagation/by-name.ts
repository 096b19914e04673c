import type { TextMapPropagator } from '@opentelemetry/api';
import { b3MultiPropagator, b3Propagator } from './b3.js';
import { baggagePropagator } from './baggage.js';
import { jaegerPropagator } from './jaeger.js';
import { otTracePropagator } from './ot-trace.js';
import { traceContextPropagator } from './trace-context.js';
import { xRayPropagator } from './x-ray.js';

/**
 * The names `OTEL_PROPAGATORS` knows. Holding them all costs bytes, so only runtimes that have an environment import this
 * file; a page names its propagators itself.
 */
export const propagatorsByName: ReadonlyMap<string, TextMapPropagator> = /* @__PURE__ */ new Map<
  string,
  TextMapPropagator
>([
  ['tracecontext', traceContextPropagator],
  ['baggage', baggagePropagator],
  ['b3', b3Propagator],
  ['b3multi', b3MultiPropagator],
  ['jaeger', jaegerPropagator],
  ['xray', xRayPropagator],
  ['ottrace', otTracePropagator],
]);
