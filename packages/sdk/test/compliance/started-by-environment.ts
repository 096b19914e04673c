import { afterEach } from 'vitest';
import { type OtlpSink, otlpSink, type SinkOptions } from '../../../testkit/src/otlp-sink.js';
import type { Diagnostic } from '../../src/core/options.js';
import type { Telemetry } from '../../src/core/telemetry-handle.js';
import { type NodeOptions, start } from '../../src/runtimes/node/index.js';
import { decodeRequests } from './decode-requests.js';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A receiver that ends with its test. */
export async function receiver(options: SinkOptions = { protocol: 'http1' }): Promise<OtlpSink> {
  const sink = await otlpSink(options);
  ending.push(() => sink.close());
  return sink;
}

/** A telemetry that is given these variables in place of `process.env`, and ends with its test. */
export function started(env: Record<string, string>, options: NodeOptions = {}) {
  const diagnostics: Diagnostic[] = [];
  const telemetry: Telemetry = start({
    env,
    signals: false,
    global: false,
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  });
  ending.push(() => telemetry.shutdown({ timeoutMs: 0 }));
  return { telemetry, diagnostics };
}

export const spansOf = (sink: OtlpSink) => decodeRequests(sink.received.map(({ body }) => body));
