// Loaded before everything else: node --import ./api/telemetry.mjs ./api/server.mjs
import { FastifyOtelInstrumentation } from '@fastify/otel';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { start } from '@throughline/sdk/node';
import { observeNodeRuntime, observeProcess } from '@throughline/sdk/node/metrics';

export const telemetry = start({
  serviceName: 'shop-api',
  preset: 'lowLatency',
  // Somebody is looking: not once a minute.
  metricIntervalMs: 5_000,
  instruments: [observeNodeRuntime, observeProcess],
  instrumentations: [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: ({ url }) => url.startsWith('/assets/') || url.startsWith('/health'),
    }),
    new UndiciInstrumentation(),
    new FastifyOtelInstrumentation({ registerOnInitialization: true }),
    new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
  ],
});
