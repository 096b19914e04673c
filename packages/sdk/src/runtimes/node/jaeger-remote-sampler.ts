import { request as httpRequest } from 'node:http';
import type { Context } from '@opentelemetry/api';
import { suppressTracing } from '../../core/context/suppress-tracing.js';
import type { Diagnostic } from '../../core/options.js';
import { jaegerStrategySampler } from '../../core/sampling/jaeger-strategy.js';
import type { Sampler } from '../../core/sampling/sampler.js';
import { traceIdRatioSampler } from '../../core/sampling/trace-id-ratio.js';
import { withoutUser } from '../../transports/endpoint.js';
import { withoutCredentials } from '../../transports/signal-url.js';

export interface JaegerRemoteSamplerOptions {
  /** Whose strategy is asked for. */
  readonly serviceName: string;
  /** The HTTP side of Jaeger's remote sampling, to which `/sampling` is added. Default `http://localhost:5778`. */
  readonly endpoint?: string | undefined;
  /** Default 60,000. */
  readonly pollingIntervalMs?: number | undefined;
  /** Decides until the first strategy is there. Default: 0.1 % of traces. */
  readonly initialSampler?: Sampler | undefined;
  /** Told, once, when the service cannot be asked or understood. The last strategy goes on. */
  readonly onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined;
}

const timeoutMs = 5_000;
const maxAnswerBytes = 4 * 1024 * 1024;

/**
 * Samples as operators say, in Jaeger or an OpenTelemetry collector, while the program runs (specification "Tracing SDK",
 * JaegerRemoteSampler): a share, a rate, or both per operation. Meant for roots: `parentBasedSampler({ root: jaegerRemoteSampler(…) })`.
 *
 * The service is asked when a decision is to be made and the last answer is older than the interval, so that a program that makes no
 * spans asks nothing and has no timer. No decision waits for an answer.
 */
export function jaegerRemoteSampler(options: JaegerRemoteSamplerOptions): Sampler {
  const { serviceName, endpoint = 'http://localhost:5778', pollingIntervalMs = 60_000, onDiagnostic } = options;
  const address = `${endpoint.replace(/\/+$/, '').replace(/\/sampling$/, '')}/sampling?service=${encodeURIComponent(serviceName)}`;
  const shown = withoutCredentials(withoutUser(endpoint));
  let sampler = options.initialSampler ?? traceIdRatioSampler(0.001);
  let last = '';
  let dueMs = 0;
  let failing = false;
  let asking = false;

  async function poll(): Promise<void> {
    try {
      const text = await quietly(() => get(address));
      // A strategy that did not change keeps its rate limits' memory.
      if (text !== last) {
        const next = jaegerStrategySampler(JSON.parse(text));
        if (!next) throw new Error(`it is no sampling strategy: ${text.slice(0, 200)}`);
        sampler = next;
        last = text;
      }
      failing = false;
    } catch (error) {
      const why = (error as Error).message;
      if (!failing)
        onDiagnostic?.({
          level: 'warn',
          code: 'remote-sampling',
          message: `No sampling strategy from ${shown}: ${why}`,
        });
      failing = true;
    }
  }

  return {
    shouldSample(...question) {
      const nowMs = performance.now();
      if (nowMs >= dueMs && !asking) {
        dueMs = nowMs + pollingIntervalMs;
        asking = true;
        // What `onDiagnostic` throws is its own affair.
        void poll()
          .catch(() => {})
          .finally(() => {
            asking = false;
          });
      }
      return sampler.shouldSample(...question);
    },
    toString: () => `JaegerRemoteSampler{endpoint=${shown}, ${sampler}}`,
  };
}

interface ActiveContext {
  active(): Context;
  with<R>(context: Context, run: () => R): R;
}

/** The sampler is made before there is a telemetry; by the time it asks, the context of that one stands behind the API. */
function quietly<R>(run: () => R): R {
  const api = (globalThis as unknown as Record<symbol, { context?: ActiveContext } | undefined>)[
    Symbol.for('opentelemetry.js.api.1')
  ];
  return api?.context ? api.context.with(suppressTracing(api.context.active()), run) : run();
}

function get(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const isSecure = address.startsWith('https:');
    // TLS is loaded only where it is needed.
    const send = isSecure ? process.getBuiltinModule('node:https').request : httpRequest;
    const request = send(address, { agent: false });
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    timer.unref();
    // Sampling does not keep a program alive.
    request.on('socket', (socket) => socket.unref());
    request.on('error', reject);
    request.on('close', () => clearTimeout(timer));
    request.on('response', async (response) => {
      try {
        const chunks: Buffer[] = [];
        let length = 0;
        for await (const chunk of response as AsyncIterable<Buffer>) {
          length += chunk.length;
          if (length > maxAnswerBytes) throw new Error(`it answers with more than ${maxAnswerBytes} bytes`);
          chunks.push(chunk);
        }
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`HTTP ${response.statusCode} ${text.slice(0, 200)}`));
      } catch (error) {
        reject(error);
      }
    });
    request.end();
  });
}
