// The tracers that are compared. Each hands out a tracer whose ended spans become protobuf requests of 512 spans.

import { createRequire } from 'node:module';

const batchItems = 512;
const require = createRequire(import.meta.url);

/** What `onBatch` is told: the bytes of a request, ready to send. */
const nothing = () => {};

export const implementations = {
  async ours({ onBatch = nothing, sampled = true } = {}) {
    const sdk = (path) => import(new URL(`../../packages/sdk/dist/${path}`, import.meta.url));
    const [{ createTracerProvider }, { createSpanEncoder }, { createOpenBuffer }, { createResource }] =
      await Promise.all([
        sdk('core/trace/tracer-provider.js'),
        sdk('core/trace/span-encoder.js'),
        sdk('core/wire/open-buffer.js'),
        sdk('core/resource/resource.js'),
      ]);
    const { createNodeClock } = await sdk('runtimes/node/ports/clock.js');
    const { nodeEntropy } = await sdk('runtimes/node/ports/entropy.js');
    const { nodeTimers } = await sdk('runtimes/node/ports/timers.js');
    const { createNodeContextStore } = await sdk('runtimes/node/ports/context-store.js');
    const { alwaysOffSampler } = await sdk('core/sampling/always-off.js');
    const resource = createResource({ serviceName: 'bench', timers: nodeTimers });
    const provider = createTracerProvider({
      clock: createNodeClock(),
      entropy: nodeEntropy,
      contextStore: createNodeContextStore(),
      resource,
      ...(sampled ? {} : { sampler: alwaysOffSampler }),
      processors: [
        createSpanEncoder({
          normal: createOpenBuffer('traces', 'normal'),
          high: createOpenBuffer('traces', 'high'),
          onFragment(buffer) {
            if (buffer.items >= batchItems) onBatch(buffer.take(resource.encoded()).bytes);
          },
        }),
      ],
      onError(error) {
        throw error;
      },
    });
    return provider.getTracer('bench', '1.0.0');
  },

  /** opentelemetry-js 2.12: what its batching processor and its protobuf exporter do, without timers and requests. */
  async otel2(options) {
    const { BasicTracerProvider, AlwaysOffSampler } = require('@opentelemetry/sdk-trace-base');
    const { ProtobufTraceSerializer } = require('@opentelemetry/otlp-transformer');
    const { resourceFromAttributes } = require('@opentelemetry/resources');
    return peer(BasicTracerProvider, AlwaysOffSampler, ProtobufTraceSerializer, resourceFromAttributes, options);
  },

  /** The 3.x line, its ESM build; it needs Node 22. */
  async otel3(options) {
    const { TracerProvider, BasicTracerProvider, AlwaysOffSampler, createAlwaysOffSampler } = await import(
      'otel3-sdk-trace'
    );
    const { ProtobufTraceSerializer } = await import('otel3-otlp-transformer');
    const { resourceFromAttributes } = await import('otel3-resources');
    const AlwaysOff =
      AlwaysOffSampler ??
      function AlwaysOff() {
        return createAlwaysOffSampler();
      };
    return peer(
      TracerProvider ?? BasicTracerProvider,
      AlwaysOff,
      ProtobufTraceSerializer,
      resourceFromAttributes,
      options,
    );
  },

  /** `@opentelemetry/api` with nothing behind it. */
  async noop() {
    return require('@opentelemetry/api').trace.getTracer('bench', '1.0.0');
  },
};

function peer(
  Provider,
  AlwaysOff,
  serializer,
  resourceFromAttributes,
  { onBatch = nothing, sampled = true, keepSpans } = {},
) {
  let queue = [];
  const processor = {
    onStart() {},
    onEnd(span) {
      queue.push(span);
      if (queue.length < batchItems) return;
      const spans = queue;
      queue = [];
      // What waits in their queue is spans; they become bytes when they are exported.
      if (keepSpans) keepSpans(spans);
      else onBatch(serializer.serializeRequest(spans));
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  return new Provider({
    resource: resourceFromAttributes({ 'service.name': 'bench' }),
    spanProcessors: [processor],
    ...(sampled ? {} : { sampler: new AlwaysOff() }),
  }).getTracer('bench', '1.0.0');
}
