// From 1.10 on `import` and `require` give two copies of the API. A library took its tracer from each, long before start().
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';

const copy = createRequire(import.meta.url)('@opentelemetry/api');
const [early, earlyCommon] = [trace.getTracer('module'), copy.trace.getTracer('common')];
const { start } = await import('@throughline/sdk/node');
start({ serviceName: 'early' });
early.startActiveSpan('outer', (span) => {
  earlyCommon.startSpan('inner').end();
  span.end();
});
console.log(trace === copy.trace ? 'one copy' : 'two copies');
