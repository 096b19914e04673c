// Makes more spans than anybody takes, and looks at what that costs.
import { start } from '@throughline/sdk/node';

const telemetry = start({ serviceName: 'away', onDiagnostic: () => {} });
const spans = Number(process.argv[2]);
const attributes = { 'url.path': '/orders/12345', 'http.response.status_code': 200, 'user.id': 'abcdefgh' };
const used = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const pause = () => new Promise((resolve) => setImmediate(resolve));
for (let i = 0; i < 2_000; i++) telemetry.tracer.startSpan('warm', { attributes }).end();
await pause();
const before = used();
for (let i = 0; i < spans; i++) {
  telemetry.tracer.startSpan('work', { attributes }).end();
  if (i % 1_000 === 0) await pause();
}
const status = telemetry.status();
console.log(
  JSON.stringify({ grownBytes: used() - before, queued: status.queued, dropped: status.dropped, state: status.state }),
);
