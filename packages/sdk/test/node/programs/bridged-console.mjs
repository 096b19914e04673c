// A program that says things by console, which are printed as before and recorded; what telemetry itself prints is not.

import { trace } from '@opentelemetry/api';
import { observeConsole } from '@throughline/sdk/instruments/console';
import { start } from '@throughline/sdk/node';

const before = console.log;
const telemetry = start({ serviceName: 'bridged', instruments: [observeConsole] });
// Its warning is telemetry's own.
start();

async function order(name) {
  await trace.getTracer('shop').startActiveSpan(name, async (span) => {
    console.debug('%s begins', name);
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log('paid', { order: name, lines: [1, 2] });
    console.warn('%d%% of %s', 99, name, new Map([['a', 1n]]));
    console.error('not shipped:', new RangeError(`no stock for ${name}`));
    span.end();
  });
}
await Promise.all([order('first'), order('second')]);
await telemetry.shutdown();
console.log(console.log === before ? 'as it was' : 'changed');
