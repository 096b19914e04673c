import { context, propagation, trace } from '@opentelemetry/api';
import { start } from '@throughline/sdk/node';

const telemetry = start();
const incoming = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const result = await context.with(propagation.extract(context.active(), incoming), () =>
  telemetry.measure('work', async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const outgoing = {};
    trace.getTracer('any').startActiveSpan('inner', (inner) => {
      propagation.inject(context.active(), outgoing);
      inner.end();
    });
    console.log(JSON.stringify({ result: 42, recording: span.isRecording(), injected: outgoing.traceparent }));
    return 42;
  }),
);
await telemetry.flush();
if (result !== 42) process.exitCode = 1;
