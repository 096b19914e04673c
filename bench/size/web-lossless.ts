import { offline, start } from '@throughline/sdk/web';

const telemetry = start(
  {
    serviceName: 'shop-page',
    endpoint: 'https://collector.example',
    propagateTo: ['https://api.example'],
  },
  offline(),
);

telemetry.tracer.startSpan('cart.add', { attributes: { 'cart.items': 3 } }).end();
