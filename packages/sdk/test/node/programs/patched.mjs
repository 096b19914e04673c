// `node:http` was imported long before anybody thought of telemetry.
import http, { get } from 'node:http';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { start } from '@throughline/sdk/node';

const [original, named] = [http.get, () => get];
const telemetry = start({ instrumentations: [new HttpInstrumentation({ enabled: false })] });
const patched = http.get !== original && named() === http.get;
await telemetry.shutdown();
console.log(JSON.stringify({ patched, restored: http.get === original && named() === original }));
