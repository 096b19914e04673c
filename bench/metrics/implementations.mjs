// The meters that are compared. Each hands out a meter, and `collect`, which answers with the bytes of an export request.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const implementations = {
  /** As `start()` of a Node program has them: views and trace-based exemplars are there, and none is named. */
  async ours() {
    const sdk = (path) => import(new URL(`../../packages/sdk/dist/${path}`, import.meta.url));
    const [{ createMeterProvider }, { streamsByView }, { exemplarsBy }, { readerRules }, { createResource }] =
      await Promise.all([
        sdk('core/metrics/meter-provider.js'),
        sdk('core/metrics/streams-by-view.js'),
        sdk('core/metrics/create-exemplars.js'),
        sdk('core/metrics/reader-rules.js'),
        sdk('core/resource/resource.js'),
      ]);
    const { createNodeClock } = await sdk('runtimes/node/ports/clock.js');
    const { nodeTimers } = await sdk('runtimes/node/ports/timers.js');
    const { createNodeContextStore } = await sdk('runtimes/node/ports/context-store.js');
    const report = (_level, code, message) => {
      throw new Error(`${code}: ${message}`);
    };
    const provider = createMeterProvider({
      clock: createNodeClock(),
      report,
      onInstrument() {},
      createStreams: streamsByView(
        {},
        report,
        exemplarsBy('trace_based', { contextStore: createNodeContextStore(), report }),
      ),
    });
    const pipeline = provider.addReader(readerRules({ cardinalityLimit: 20_000 }, report));
    const resource = createResource({ serviceName: 'bench', timers: nodeTimers }).encoded();
    return {
      meter: provider.getMeter('bench', '1.0.0'),
      async collect() {
        provider.collect(pipeline, () => {});
        provider.endCollection(pipeline);
        return pipeline.buffer.take(resource).bytes;
      },
    };
  },

  /** opentelemetry-js 2.12: what a reader collects, as its exporter for protobuf writes it. */
  async otel2() {
    const sdk = require('@opentelemetry/sdk-metrics');
    const { ProtobufMetricsSerializer } = require('@opentelemetry/otlp-transformer');
    const { resourceFromAttributes } = require('@opentelemetry/resources');
    return peer(sdk, ProtobufMetricsSerializer, resourceFromAttributes);
  },

  /** The 3.x line, its ESM build; it needs Node 22. */
  async otel3() {
    const sdk = await import('otel3-sdk-metrics');
    const { ProtobufMetricsSerializer } = await import('otel3-otlp-transformer');
    const { resourceFromAttributes } = await import('otel3-resources');
    return peer(sdk, ProtobufMetricsSerializer, resourceFromAttributes);
  },
};

function peer({ MeterProvider, MetricReader }, serializer, resourceFromAttributes) {
  class Reader extends MetricReader {
    async onForceFlush() {}
    async onShutdown() {}
  }
  const reader = new Reader({ cardinalitySelector: () => 20_000 });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'bench' }),
    readers: [reader],
  });
  return {
    meter: provider.getMeter('bench', '1.0.0'),
    async collect() {
      const { resourceMetrics } = await reader.collect();
      return serializer.serializeRequest(resourceMetrics);
    },
  };
}
