import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { decodeTraces, plainAttributes } from '../../testkit/src/otlp-proto.js';
import { traceRig } from '../../testkit/src/trace-rig.js';
import type { ReadableSpan } from '../src/core/trace/readable-span.js';
import type { SpanExporter } from '../src/core/trace/span-exporter.js';
import type { SpanProcessor } from '../src/core/trace/span-processor.js';

// OpenTelemetry's own classes, as a user brings them along.
const require = createRequire(import.meta.url);
const { BatchSpanProcessor, SimpleSpanProcessor, InMemorySpanExporter } = require('@opentelemetry/sdk-trace') as {
  BatchSpanProcessor: new (options: { exporter: SpanExporter }) => SpanProcessor;
  SimpleSpanProcessor: new (options: { exporter: SpanExporter }) => SpanProcessor;
  InMemorySpanExporter: new () => SpanExporter & { getFinishedSpans(): ReadableSpan[] };
};

test.each([
  ['BatchSpanProcessor', BatchSpanProcessor],
  ['SimpleSpanProcessor', SimpleSpanProcessor],
])('OpenTelemetry’s %s and exporters work on our spans [F26]', async (_name, Processor) => {
  const exporter = new InMemorySpanExporter();
  const rig = traceRig({ processors: [new Processor({ exporter })] });
  const span = rig.tracer.startSpan('job', { kind: 3, attributes: { a: 1 } });
  span.addEvent('e', { b: 2 });
  span.setStatus({ code: 2, message: 'm' });
  await rig.time.advance(5);
  span.end();
  await rig.provider.forceFlush();
  const [finished] = exporter.getFinishedSpans() as [ReadableSpan];
  expect(finished).toMatchObject({
    name: 'job',
    kind: 3,
    status: { code: 2, message: 'm' },
    duration: [0, 5_000_000],
    ended: true,
  });
  expect(finished.attributes).toEqual({ a: 1 });
  expect(finished.events[0]!.attributes).toEqual({ b: 2 });
  expect(finished.spanContext()).toBe(span.spanContext());
  // Read by an exporter or not, the bytes are the same.
  expect(plainAttributes(rig.spans()[0]!.attributes)).toEqual({ a: 1n });
  expect(rig.errors).toEqual([]);
  await rig.provider.shutdown();
});

test('OpenTelemetry’s OTLP exporter sends our spans as our encoder writes them [F26]', async () => {
  const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto') as {
    OTLPTraceExporter: new (options: { url: string }) => SpanExporter;
  };
  const bodies: Buffer[] = [];
  const server = createServer((request, answer) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(Buffer.concat(parts));
      answer.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  const rig = traceRig({ processors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })] });
  const parent = rig.tracer.startSpan('parent');
  rig.tracer.startSpan('child', { links: [{ context: parent.spanContext(), attributes: { n: 1 } }] }).end();
  parent.setAttributes({ text: 'ü', list: ['a', 'b'], yes: true, float: 0.5 });
  parent.addEvent('e', { k: 'v' }).end();
  await rig.provider.forceFlush();
  await rig.provider.shutdown();
  await new Promise((resolve) => server.close(resolve));
  const theirs = bodies.flatMap((body) => decodeTraces(body).resourceSpans[0]!.scopeSpans[0]!.spans);
  const ours = rig.spans();
  expect(ours).toHaveLength(2);
  // They write zero counts and an unset status, which are the defaults of their fields, and no flags on links.
  const same = ({ status, links, events, ...span }: (typeof ours)[number]) => ({
    ...Object.fromEntries(Object.entries(span).filter(([, part]) => part !== 0)),
    status: status?.code ?? 0,
    events: events.map(({ name, timeUnixNano, attributes }) => ({ name, timeUnixNano, attributes })),
    links: links.map(({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes })),
  });
  expect(theirs.map(same)).toEqual(ours.map(same));
});
