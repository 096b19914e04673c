// A library takes its tracer when it is loaded, long before anybody starts telemetry; so do two older copies of the API.
import { createRequire } from 'node:module';
import * as api from '@opentelemetry/api';

const require = createRequire(import.meta.url);
const copies = [api, ...['otel-api-1.3', 'otel-api-1.9', 'otel-api-1.10'].map((name) => require(name))];
const tracers = copies.map((copy, index) => copy.trace.getTracer(`early ${index}`));
const { start } = await import('@throughline/sdk/node');
start({ serviceName: 'early' });
for (const [index, tracer] of tracers.entries()) tracer.startSpan(`span ${index}`).end();
// The context is one for all of them.
tracers[0].startActiveSpan('outer', (outer) => {
  copies[1].trace.getTracer('late').startSpan('inner of an older copy').end();
  outer.end();
});
