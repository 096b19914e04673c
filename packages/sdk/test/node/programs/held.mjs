// Comes to its end with a span on its way to a collector that never answers.
import { start } from '@throughline/sdk/node';

const telemetry = start({
  protocol: process.env.PROTOCOL,
  http2: process.env.HTTP2 === '1',
  batch: { maxAgeMs: 0, shutdownTimeoutMs: 400 },
  onDiagnostic: () => {},
});
telemetry.tracer.startSpan('work').end();
