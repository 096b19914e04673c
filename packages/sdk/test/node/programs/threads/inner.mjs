import { start } from '@throughline/sdk/node';

const telemetry = start();
telemetry.tracer.startSpan('inner').end();
console.log(await telemetry.flush());
