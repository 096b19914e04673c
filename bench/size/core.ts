import { start } from '@throughline/sdk/web/bare';

const telemetry = start({ serviceName: 'shop-page', endpoint: 'https://collector.example' });

telemetry.tracer.startSpan('cart.add', { attributes: { 'cart.items': 3 } }).end();
