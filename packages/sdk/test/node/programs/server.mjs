// Runs until it is told to stop. With "graceful" or "exits" it listens to the signal itself, as servers do.
import { createServer } from 'node:http';
import { start } from '@throughline/sdk/node';

const telemetry = start({ serviceName: 'server', batch: { shutdownTimeoutMs: Number(process.env.BOUND_MS ?? 5000) } });
if (process.argv.includes('twice')) start({ onDiagnostic: ({ code }) => console.log(code) });
const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1', () => {
  telemetry.tracer.startSpan('before the signal').end();
  console.log('ready');
});
if (process.argv.includes('exits')) {
  process.once('SIGTERM', async () => {
    server.close();
    telemetry.tracer.startSpan('after the signal').end();
    await telemetry.shutdown();
    process.exit(7);
  });
}
if (process.argv.includes('graceful')) {
  process.once('SIGTERM', () => {
    setTimeout(() => {
      telemetry.tracer.startSpan('after the signal').end();
      server.close();
    }, 20);
  });
}
