// Does something and comes to its end; never says goodbye to telemetry.
import { start } from '@throughline/sdk/node';

const telemetry = start({ serviceName: 'script' });
await telemetry.measure('work', async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
});
telemetry.tracer.startSpan('last').end();
console.log('done');
