import { logging, metering, observeResources, observeWebVitals, start } from '@throughline/sdk/web';

const { collectorUrl } = (await fetch('/config.json').then((answer) => answer.json())) as { collectorUrl: string };

export const telemetry = start(
  {
    serviceName: 'shop-page',
    endpoint: collectorUrl,
    // Throughline's collector needs no CORS preflight.
    plainText: true,
    preset: 'development',
    clicks: { dataset: ['productId'] },
    instruments: [observeResources, observeWebVitals],
  },
  // Metrics and log records are parts: a page without them does not load them.
  { metering, logging },
);

export const cartAdditions = telemetry.meter.createCounter('shop.cart.additions', {
  unit: '{product}',
  description: 'Products that visitors put into their carts',
});
