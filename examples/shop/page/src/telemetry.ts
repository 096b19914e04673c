import { observeResources, observeWebVitals, start } from '@throughline/sdk/web';

const { collectorUrl } = (await fetch('/config.json').then((answer) => answer.json())) as { collectorUrl: string };

export const telemetry = start({
  serviceName: 'shop-page',
  endpoint: collectorUrl,
  // Throughline's collector needs no CORS preflight.
  plainText: true,
  preset: 'development',
  clicks: { dataset: ['productId'] },
  instruments: [observeResources, observeWebVitals],
});
