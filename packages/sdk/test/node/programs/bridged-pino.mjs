// A program that logs with pino, to standard output and to telemetry, in two orders at once.

import { trace } from '@opentelemetry/api';
import { pinoStream } from '@throughline/sdk/instruments/pino';
import { start } from '@throughline/sdk/node';
import pino from 'pino';

// Before telemetry: the stream looks for it when a line is written.
const logger = pino(
  { level: 'debug', redact: ['card.number'] },
  pino.multistream([
    { level: 'debug', stream: pinoStream() },
    { level: 'info', stream: process.stdout },
  ]),
);
logger.info('too early to be recorded');
const onDiagnostic = ({ code }) => logger.warn(`telemetry says ${code}`);
const telemetry = start({ serviceName: 'bridged', onDiagnostic });
// Said twice: its diagnostic is logged, which is recorded, which says nothing more.
start({ onDiagnostic });

async function order(name) {
  await trace.getTracer('shop').startActiveSpan(name, async (span) => {
    const log = logger.child({ order: name });
    log.debug('begins');
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.info({ card: { number: '4111', kind: 'visa' }, lines: 3 }, 'paid %s', 'in full');
    log.error(new RangeError(`no stock for ${name}`));
    log.fatal({ err: 'a text' }, 'text as error');
    span.end();
  });
}
await Promise.all([order('first'), order('second')]);
logger.level = 'silent';
await telemetry.shutdown();
