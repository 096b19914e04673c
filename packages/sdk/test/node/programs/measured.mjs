// Counts, measures and logs something through the API alone, and comes to its end; never says goodbye to telemetry.

import { metrics, trace } from '@opentelemetry/api';
import { logs, SeverityNumber } from '@opentelemetry/api-logs';
import { start } from '@throughline/sdk/node';

start({ serviceName: 'measured' });
const meter = metrics.getMeter('checkout', '1.0.0');
const orders = meter.createCounter('orders', { unit: '{order}' });
const durations = meter.createHistogram('duration', { unit: 's', advice: { explicitBucketBoundaries: [0.1, 1] } });
meter.createGauge('basket').record(7);
meter.createObservableGauge('answer').addCallback((result) => result.observe(42, { asked: true }));
await trace.getTracer('checkout').startActiveSpan('checkout', async (span) => {
  orders.add(1, { 'payment.type': 'card' });
  orders.add(2, { 'payment.type': 'card' });
  durations.record(0.25);
  await new Promise((resolve) => setTimeout(resolve, 5));
  logs.getLogger('checkout').emit({ severityNumber: SeverityNumber.INFO, body: 'paid' });
  span.end();
});
console.log('done');
