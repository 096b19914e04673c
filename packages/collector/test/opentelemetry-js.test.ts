import { SpanKind, SpanStatusCode, TraceFlags, trace as traceApi } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SpanDetail, TraceAnswer } from '../src/shapes/api.js';
import { eventually, startCollector, type TestCollector } from './start-collector.js';

let collector: TestCollector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(async () => {
  await collector.stop();
});

/** Sends one trace with everything a span can have, through another project's SDK and exporter, and reads it back. */
async function sendAndRead(
  exporter: SpanExporter,
): Promise<{ trace: TraceAnswer; sent: { traceId: string; parentId: string; childId: string; startNano: bigint } }> {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'foreign', 'host.cores': 8 }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('test-scope', '1.2.3');
  const startMs = Date.now();
  const linked = { traceId: 'aa'.repeat(16), spanId: 'bb'.repeat(8), traceFlags: TraceFlags.SAMPLED };
  const parent = tracer.startSpan('checkout', {
    kind: SpanKind.SERVER,
    startTime: startMs,
    attributes: {
      text: 'ünïcode 🚀',
      int: 42,
      negative: -7,
      float: 0.5,
      yes: true,
      no: false,
      texts: ['a', 'b'],
      numbers: [1, 2.5],
      'empty list': [],
    },
    links: [{ context: linked, attributes: { why: 'retry' } }],
  });
  parent.addEvent('cache miss', { key: 'cart:1', size: 3 }, startMs + 5);
  const child = tracer.startSpan(
    'pay',
    { kind: SpanKind.CLIENT, startTime: startMs + 10 },
    traceApi.setSpan((await import('@opentelemetry/api')).ROOT_CONTEXT, parent),
  );
  child.recordException(new Error('declined'), startMs + 15);
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'card declined' });
  child.end(startMs + 20);
  parent.setStatus({ code: SpanStatusCode.OK });
  parent.end(startMs + 30);
  await provider.forceFlush();
  await provider.shutdown();
  const { traceId, spanId: parentId } = parent.spanContext();
  const trace = await eventually(
    async () => (await fetch(`${collector.explorer}/api/v1/traces/${traceId}`)).json() as Promise<TraceAnswer>,
    (answer) => answer.spans?.length === 2,
  );
  return {
    trace,
    sent: { traceId, parentId, childId: child.spanContext().spanId, startNano: BigInt(startMs) * 1_000_000n },
  };
}

test.each([
  ['HTTP protobuf', () => new ProtoExporter({ url: `${collector.otlpHttp}/v1/traces` })],
  [
    'HTTP protobuf with gzip',
    () => new ProtoExporter({ url: `${collector.otlpHttp}/v1/traces`, compression: 'gzip' as never }),
  ],
  ['HTTP JSON', () => new JsonExporter({ url: `${collector.otlpHttp}/v1/traces` })],
  ['gRPC', () => new GrpcExporter({ url: collector.otlpGrpc })],
  ['gRPC with gzip', () => new GrpcExporter({ url: collector.otlpGrpc, compression: 'gzip' as never })],
] as [string, () => SpanExporter][])(
  'a trace of opentelemetry-js over %s arrives as sent [S1 B2 F1]',
  async (_, exporter) => {
    const { trace, sent } = await sendAndRead(exporter());
    expect(trace.traceId).toBe(sent.traceId);
    expect(trace.resources).toMatchObject([
      { service: 'foreign', attributes: { 'service.name': 'foreign', 'host.cores': 8 } },
    ]);
    expect(trace.scopes).toMatchObject([{ name: 'test-scope', version: '1.2.3' }]);
    const [parent, child] = trace.spans as [SpanDetail, SpanDetail];
    expect(parent).toMatchObject({
      spanId: sent.parentId,
      parentSpanId: '',
      name: 'checkout',
      kind: 'server',
      status: 'ok',
      startUnixNano: String(sent.startNano),
      durationNano: 30_000_000,
      attributes: {
        text: 'ünïcode 🚀',
        int: 42,
        negative: -7,
        float: 0.5,
        yes: true,
        no: false,
        texts: ['a', 'b'],
        numbers: [1, 2.5],
        'empty list': [],
      },
      events: [
        {
          timeUnixNano: String(sent.startNano + 5_000_000n),
          name: 'cache miss',
          attributes: { key: 'cart:1', size: 3 },
        },
      ],
      links: [{ traceId: 'aa'.repeat(16), spanId: 'bb'.repeat(8), attributes: { why: 'retry' } }],
    });
    expect(child).toMatchObject({
      spanId: sent.childId,
      parentSpanId: sent.parentId,
      name: 'pay',
      kind: 'client',
      status: 'error',
      statusMessage: 'card declined',
      durationNano: 10_000_000,
      events: [{ name: 'exception', attributes: { 'exception.message': 'declined', 'exception.type': 'Error' } }],
    });
  },
);
