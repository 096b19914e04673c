// The loggers that are compared. Each hands out a logger whose records become protobuf requests of 512 records.

import { createRequire } from 'node:module';

const batchItems = 512;
const require = createRequire(import.meta.url);

export const implementations = {
  async ours({ onBatch }) {
    const sdk = (path) => import(new URL(`../../packages/sdk/dist/${path}`, import.meta.url));
    const [
      { createLoggerProvider },
      { createResource },
      { createNodeClock },
      { nodeTimers },
      { createNodeContextStore },
    ] = await Promise.all([
      sdk('core/logs/logger-provider.js'),
      sdk('core/resource/resource.js'),
      sdk('runtimes/node/ports/clock.js'),
      sdk('runtimes/node/ports/timers.js'),
      sdk('runtimes/node/ports/context-store.js'),
    ]);
    const resource = createResource({ serviceName: 'bench', timers: nodeTimers });
    const provider = createLoggerProvider({
      clock: createNodeClock(),
      contextStore: createNodeContextStore(),
      onFragment(buffer) {
        if (buffer.items >= batchItems) onBatch(buffer.take(resource.encoded()).bytes);
      },
      onError(error) {
        throw error;
      },
    });
    return provider.getLogger('bench', '1.0.0');
  },

  /** opentelemetry-js: what its batching processor and its protobuf exporter do, without timers and requests. */
  async otel({ onBatch }) {
    const { LoggerProvider } = require('@opentelemetry/sdk-logs');
    const { ProtobufLogsSerializer } = require('@opentelemetry/otlp-transformer');
    const { resourceFromAttributes } = require('@opentelemetry/resources');
    const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
    const { context } = require('@opentelemetry/api');
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    let waiting = [];
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ 'service.name': 'bench' }),
      processors: [
        {
          onEmit(record) {
            waiting.push(record);
            if (waiting.length < batchItems) return;
            onBatch(ProtobufLogsSerializer.serializeRequest(waiting));
            waiting = [];
          },
          forceFlush: async () => {},
          shutdown: async () => {},
        },
      ],
    });
    return provider.getLogger('bench', '1.0.0');
  },
};

/** A record as a web service makes it for each request: a text, three attributes. */
export const emit = (logger, i) =>
  logger.emit({
    severityNumber: 9,
    severityText: 'INFO',
    body: 'order was paid',
    attributes: { 'order.id': i, 'payment.type': 'card', 'order.total': 12.5 },
  });
