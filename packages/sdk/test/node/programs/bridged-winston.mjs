// A program that logs with winston, to standard output and to telemetry, in two orders at once.

import { trace } from '@opentelemetry/api';
import { winstonTransport } from '@throughline/sdk/instruments/winston';
import { start } from '@throughline/sdk/node';
import winston from 'winston';

const { combine, errors, json, splat, timestamp } = winston.format;
const logger = winston.createLogger({
  level: 'debug',
  format: combine(errors({ stack: true }), timestamp(), splat(), json()),
  transports: [new winston.transports.Console({ level: 'info' }), winstonTransport()],
});
logger.info('too early to be recorded');
const telemetry = start({ serviceName: 'bridged' });
const rare = winston.createLogger({ level: 'silly', transports: [winstonTransport({ level: 'error' })] });

async function order(name) {
  await trace.getTracer('shop').startActiveSpan(name, async (span) => {
    const log = logger.child({ order: name });
    log.debug('begins');
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.info('paid %s', 'in full', { lines: 3 });
    for (let at = 0; at < 40; at++) log.log('verbose', `step ${at}`);
    log.error(new RangeError(`no stock for ${name}`));
    log.warn('not shipped', { error: new TypeError('no van') });
    rare.info('not severe enough');
    rare.error('severe');
    span.end();
  });
}
await Promise.all([order('first'), order('second')]);
await telemetry.shutdown();
