import { logging, metering, start } from '@throughline/sdk/web/bare';

const telemetry = start({ serviceName: 'shop-page', endpoint: 'https://collector.example' }, { metering, logging });

telemetry.tracer.startSpan('cart.add', { attributes: { 'cart.items': 3 } }).end();
telemetry.meter.createCounter('cart.additions').add(1, { 'cart.kind': 'guest' });
telemetry.logger.emit({ severityNumber: 9, body: 'added', attributes: { 'cart.items': 3 } });
