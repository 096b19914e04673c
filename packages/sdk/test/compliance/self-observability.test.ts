import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { otlpSink } from '../../../testkit/src/otlp-sink.js';
import type { Batch } from '../../src/core/batch.js';
import type { InstrumentHost } from '../../src/core/instrument.js';
import type { Outcome, Transport } from '../../src/core/ports.js';
import { outcomeSampling } from '../../src/core/sampling/index.js';
import { grpcTransport, type NodeOptions, nodeHttpTransport, start } from '../../src/runtimes/node/index.js';
import { decodeMetricRequests, type WireMetric } from './decode-metrics.js';
import { decodeRequests } from './decode-requests.js';

/* What telemetry tells of itself, by the names of the semantic conventions ("OpenTelemetry SDK metrics"). */

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

type Attributes = Readonly<Record<string, unknown>>;
type Told = ReadonlyMap<string, readonly (readonly [value: number, attributes: Attributes, sum?: number])[]>;

const taken: Outcome = { kind: 'accepted', rejectedItems: 0 };

interface Rig {
  /** Where spans and log records go. Default: a place that answers as `answer` does. */
  readonly transport?: Transport;
  answer?: (batch: Batch) => Outcome | Promise<Outcome>;
  answerMetrics?: (batch: Batch) => Outcome | Promise<Outcome>;
}

/** A telemetry that observes itself. Its metrics leave by a way of their own, so that they can be read whatever becomes of the rest. */
function observed(options: NodeOptions = {}, rig: Rig = {}) {
  /** Data points of each collection so far. */
  const collected: number[] = [];
  const waiting: ((told: Told) => void)[] = [];
  let metrics: WireMetric[] = [];
  const one: Transport = {
    destination: 'https://collector.example/otlp',
    signals: ['traces', 'logs'],
    send: async (batch) => (await rig.answer?.(batch)) ?? taken,
  };
  const other: Transport = {
    destination: 'http://[::1]:4318',
    signals: ['metrics'],
    async send(batch) {
      metrics.push(...decodeMetricRequests([batch.bytes]));
      if (metrics.at(-1)?.name === 'end') {
        collected.push(metrics.reduce((sum, { points }) => sum + points.length, 0));
        const told = toldBy(metrics.filter(({ name }) => name !== 'end'));
        metrics = [];
        for (const tell of waiting.splice(0)) tell(told);
      }
      return (await rig.answerMetrics?.(batch)) ?? taken;
    },
  };
  const telemetry = start({
    global: false,
    serviceName: 'self',
    signals: false,
    env: {},
    destinations: { copies: [rig.transport ? { ...rig.transport, signals: ['traces', 'logs'] } : one, other] },
    selfObservability: true,
    onDiagnostic: () => {},
    // Of the meter that was made last: where it is, the collection is whole.
    instruments: [endOfCollection],
    ...options,
  });
  ending.push(() => telemetry.shutdown({ timeoutMs: 100 }));
  return {
    telemetry,
    collected,
    /** What a collection tells that is made now. What else waits may go on waiting. */
    async told(): Promise<Told> {
      const next = new Promise<Told>((resolve) => waiting.push(resolve));
      void telemetry.flush({ timeoutMs: 1_000 });
      return next;
    },
  };
}

const endOfCollection = ({ meterProvider }: InstrumentHost) => {
  meterProvider!
    .getMeter('end')
    .createObservableGauge('end')
    .addCallback((result) => result.observe(1));
  return () => {};
};

const toldBy = (metrics: readonly WireMetric[]): Told =>
  new Map(
    metrics.map(({ name, points }) => [
      name,
      points.map(({ asInt, asDouble, count, sum, ...point }) => {
        const value = Number(asInt ?? asDouble ?? count);
        const attributes = Object.fromEntries(
          Object.entries(point.attributes).map(([key, of]) => [key, typeof of === 'bigint' ? Number(of) : of]),
        );
        return sum === undefined ? ([value, attributes] as const) : ([value, attributes, sum] as const);
      }),
    ]),
  );

const component = (type: string, number = 0) => ({
  'otel.component.name': `${type}/${number}`,
  'otel.component.type': type,
});
const collector = { 'server.address': 'collector.example', 'server.port': 443 };
const spanProcessor = component('batching_span_processor');
const logProcessor = component('batching_log_processor');
const spanExporter = { ...component('otlp_http_span_exporter'), ...collector };
const logExporter = { ...component('otlp_http_log_exporter'), ...collector };
const metricExporter = {
  ...component('otlp_http_metric_exporter', 1),
  'server.address': '::1',
  'server.port': 4318,
};

/** Answers that are given when they are asked for. */
function heldAnswers() {
  const held: (() => void)[] = [];
  let isHeld = true;
  return {
    answer: () => (isHeld ? new Promise<Outcome>((resolve) => held.push(() => resolve(taken))) : taken),
    release() {
      isHeld = false;
      for (const give of held.splice(0)) give();
    },
  };
}

test('spans are counted when they begin, by the origin of their parent and what the sampler said, also those that are not recorded', async () => {
  const answers = [2, 1, 0] as const;
  let asked = 0;
  const { telemetry, told } = observed({
    sampler: { shouldSample: () => ({ decision: answers[asked++ % 3]! }), toString: () => 'turns' },
  });
  const root = telemetry.tracer.startSpan('root');
  telemetry.tracer.startSpan('local', {}, trace.setSpan(ROOT_CONTEXT, root)).end();
  const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
  telemetry.tracer.startSpan('remote', {}, trace.setSpanContext(ROOT_CONTEXT, remote)).end();
  root.end();
  expect((await told()).get('otel.sdk.span.started')).toEqual([
    [1, { 'otel.span.parent.origin': 'none', 'otel.span.sampling_result': 'RECORD_AND_SAMPLE' }],
    [1, { 'otel.span.parent.origin': 'local', 'otel.span.sampling_result': 'RECORD_ONLY' }],
    [1, { 'otel.span.parent.origin': 'remote', 'otel.span.sampling_result': 'DROP' }],
  ]);
});

test('with the sampler everybody has spans are counted as well, and those that have not ended are told', async () => {
  const { telemetry, told } = observed();
  const { tracer } = telemetry;
  const open = [tracer.startSpan('a'), tracer.startSpan('b')];
  tracer.startSpan('c', {}, trace.setSpan(ROOT_CONTEXT, open[0]!)).end();
  expect((await told()).get('otel.sdk.span.live')).toEqual([
    [0, { 'otel.span.sampling_result': 'RECORD_ONLY' }],
    [2, { 'otel.span.sampling_result': 'RECORD_AND_SAMPLE' }],
  ]);
  for (const span of open) span.end();
  const after = await told();
  expect(after.get('otel.sdk.span.live')!.map(([value]) => value)).toEqual([0, 0]);
  expect(after.get('otel.sdk.span.started')!.map(([value]) => value)).toEqual([2, 1]);
});

test('spans and log records wait in the queue until they are handed to the exporter, where they are in flight until it is answered', async () => {
  const held = heldAnswers();
  const { telemetry, told } = observed(
    { batch: { maxItems: 2, maxQueueItems: 50, concurrency: 1, maxAgeMs: 60_000 } },
    held,
  );
  // Two spans are under way, two sealed behind them, one is not sealed; of the log records two are sealed, and one is not.
  for (let i = 0; i < 5; i++) telemetry.tracer.startSpan('s').end();
  for (let i = 0; i < 3; i++) telemetry.logger.emit({ body: 'b' });
  const first = await told();
  expect(first.get('otel.sdk.processor.span.queue.size')).toEqual([[3, spanProcessor]]);
  expect(first.get('otel.sdk.processor.log.queue.size')).toEqual([[3, logProcessor]]);
  expect(first.get('otel.sdk.processor.span.queue.capacity')).toEqual([[50, spanProcessor]]);
  expect(first.get('otel.sdk.processor.log.queue.capacity')).toEqual([[50, logProcessor]]);
  expect(first.get('otel.sdk.processor.span.processed')).toEqual([[2, spanProcessor]]);
  expect(first.get('otel.sdk.exporter.span.inflight')).toEqual([[2, spanExporter]]);
  expect(first.get('otel.sdk.exporter.log.inflight')).toEqual([[0, logExporter]]);
  expect(first.get('otel.sdk.exporter.span.exported')).toBeUndefined();

  held.release();
  expect(await telemetry.flush()).toBe(true);
  const then = await told();
  expect(then.get('otel.sdk.processor.span.queue.size')).toEqual([[0, spanProcessor]]);
  expect(then.get('otel.sdk.processor.log.queue.size')).toEqual([[0, logProcessor]]);
  expect(then.get('otel.sdk.processor.span.processed')).toEqual([[5, spanProcessor]]);
  expect(then.get('otel.sdk.processor.log.processed')).toEqual([[3, logProcessor]]);
  expect(then.get('otel.sdk.exporter.span.inflight')).toEqual([[0, spanExporter]]);
  expect(then.get('otel.sdk.exporter.log.inflight')).toEqual([[0, logExporter]]);
  expect(then.get('otel.sdk.exporter.span.exported')).toEqual([[5, spanExporter]]);
  expect(then.get('otel.sdk.exporter.log.exported')).toEqual([[3, logExporter]]);
});

test('what a full queue gives up is processed with the error queue_full, and never exported', async () => {
  const held = heldAnswers();
  const { telemetry, told } = observed({ batch: { maxItems: 1, maxQueueItems: 4, concurrency: 1 } }, held);
  for (let i = 0; i < 10; i++) telemetry.tracer.startSpan('s').end();
  telemetry.logger.emit({ body: 'b' });
  const now = await told();
  expect(telemetry.status().dropped['queue-full']).toBe(7);
  expect(now.get('otel.sdk.processor.span.processed')).toEqual([
    [1, spanProcessor],
    [7, { ...spanProcessor, 'error.type': 'queue_full' }],
  ]);
  expect(now.get('otel.sdk.processor.span.queue.size')).toEqual([[2, spanProcessor]]);
  expect(now.get('otel.sdk.processor.log.queue.size')).toEqual([[1, logProcessor]]);
  expect(now.get('otel.sdk.exporter.span.inflight')).toEqual([[1, spanExporter]]);
  held.release();
});

test('an export that was tried again counts once, with the cause of its last attempt, and what a receiver rejected counts as failed', async () => {
  const sink = await otlpSink({ protocol: 'http1' });
  ending.push(() => sink.close());
  const { telemetry, told } = observed(
    { batch: { maxItems: 100, firstRetryMs: 100, maxAgeMs: 60_000 } },
    { transport: nodeHttpTransport({ url: sink.url }) },
  );
  const send = (spans: number) => {
    for (let i = 0; i < spans; i++) telemetry.tracer.startSpan('s').end();
    return telemetry.flush();
  };
  sink.answers.push({ status: 503 });
  expect(await send(2)).toBe(true);
  sink.answers.push({ status: 400 });
  expect(await send(3)).toBe(false);
  sink.answers.push({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ partialSuccess: { rejectedSpans: 1, errorMessage: 'too old' } }),
  });
  expect(await send(5)).toBe(false);
  const now = await told();
  const exporter = {
    ...component('otlp_http_span_exporter'),
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(sink.url).port),
  };
  expect(now.get('otel.sdk.exporter.span.exported')).toEqual([
    [6, exporter],
    [3, { ...exporter, 'error.type': '400' }],
    [1, { ...exporter, 'error.type': 'rejected' }],
  ]);
  expect(now.get('otel.sdk.exporter.span.inflight')).toEqual([[0, exporter]]);
  const durations = now
    .get('otel.sdk.exporter.operation.duration')!
    .filter(([, attributes]) => attributes['otel.component.type'] === 'otlp_http_span_exporter');
  expect(durations.map(([count, attributes]) => [count, attributes])).toEqual([
    [1, exporter],
    [1, { ...exporter, 'error.type': '400', 'http.response.status_code': 400 }],
    [1, { ...exporter, 'error.type': 'rejected' }],
  ]);
  // With the wait between the two attempts.
  expect(durations[0]![2]).toBeGreaterThan(0.04);
});

test('exporters are named for their protocol, and errors of gRPC by its statuses', async () => {
  const sink = await otlpSink({ protocol: 'grpc' });
  ending.push(() => sink.close());
  const { telemetry, told } = observed({}, { transport: grpcTransport({ url: sink.url }) });
  sink.answers.push({ grpcStatus: 3, grpcMessage: 'no' });
  telemetry.logger.emit({ body: 'b' });
  expect(await telemetry.flush()).toBe(false);
  const now = await told();
  const exporter = {
    ...component('otlp_grpc_log_exporter'),
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(sink.url).port),
  };
  expect(now.get('otel.sdk.exporter.log.exported')).toEqual([[1, { ...exporter, 'error.type': 'INVALID_ARGUMENT' }]]);
  const [duration] = now
    .get('otel.sdk.exporter.operation.duration')!
    .filter(([, attributes]) => attributes['otel.component.type'] === 'otlp_grpc_log_exporter');
  expect(duration![1]).toEqual({
    ...exporter,
    'error.type': 'INVALID_ARGUMENT',
    'rpc.response.status_code': 'INVALID_ARGUMENT',
  });
});

test('data points are in flight until they are answered, and counted when they were taken or not', async () => {
  const held = heldAnswers();
  const rig: Rig = { answerMetrics: held.answer };
  const { telemetry, told, collected } = observed({}, rig);
  telemetry.meter.createCounter('c').add(1);
  await told();
  expect((await told()).get('otel.sdk.exporter.metric_data_point.inflight')).toEqual([[collected[0], metricExporter]]);
  held.release();
  expect(await telemetry.flush()).toBe(true);
  rig.answerMetrics = () => ({ kind: 'refused', reason: 'HTTP 401' });
  const now = await told();
  expect(now.get('otel.sdk.exporter.metric_data_point.inflight')).toEqual([[0, metricExporter]]);
  const [first, second, third, refused] = collected as [number, number, number, number];
  expect(now.get('otel.sdk.exporter.metric_data_point.exported')).toEqual([[first + second + third, metricExporter]]);
  while (!telemetry.status().dropped.refused) await new Promise(setImmediate);
  expect((await told()).get('otel.sdk.exporter.metric_data_point.exported')?.[1]).toEqual([
    refused,
    { ...metricExporter, 'error.type': '401' },
  ]);
});

test('log records are counted as they are given to a logger', async () => {
  const { telemetry, told } = observed();
  for (let i = 0; i < 4; i++) telemetry.logger.emit({ body: 'b' });
  expect((await told()).get('otel.sdk.log.created')).toEqual([[4, {}]]);
});

test('how long a collection took is told in the next one, and what failed in it', async () => {
  const { telemetry, told } = observed();
  const reader = component('periodic_metric_reader');
  await told();
  const slow = telemetry.meter.createObservableGauge('slow');
  const answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    throw new RangeError('no answer');
  };
  slow.addCallback(answer);
  const first = (await told()).get('otel.sdk.metric_reader.collection.duration')!;
  expect(first).toEqual([[1, reader, expect.any(Number)]]);
  slow.removeCallback(answer);
  const then = (await told()).get('otel.sdk.metric_reader.collection.duration')!;
  expect(then.map(([count, attributes]) => [count, attributes])).toEqual([
    [1, reader],
    [1, { ...reader, 'error.type': 'RangeError' }],
  ]);
  expect(then[1]![2]).toBeGreaterThan(0.05);
});

test('a telemetry that observes itself and samples by outcome counts what begins, and knows that the head keeps all', async () => {
  const batches: Batch[] = [];
  const tracing = outcomeSampling({ share: 0.5 });
  const { telemetry, told } = observed(
    { tracing },
    {
      answer(batch) {
        if (batch.signal === 'traces') batches.push(batch);
        return taken;
      },
    },
  );
  for (let i = 0; i < 64; i++) telemetry.tracer.startSpan('s').end();
  const now = await told();
  expect(now.get('otel.sdk.span.started')!.map(([value]) => value)).toEqual([64]);
  expect(await telemetry.flush()).toBe(true);
  const spans = decodeRequests(batches.map(({ bytes }) => bytes));
  expect(spans.length).toBe(tracing.status().keptTraces);
  expect(new Set(spans.map(({ traceState }) => traceState))).toEqual(new Set(['ot=th:8']));
});

test('a telemetry that was not asked tells nothing of itself', async () => {
  const { telemetry, told } = observed({ selfObservability: false });
  telemetry.meter.createCounter('c').add(1);
  expect([...(await told()).keys()]).toEqual(['c']);
});

test('OTEL_NODE_EXPERIMENTAL_SDK_METRICS asks for what telemetry tells of itself, and telling it is no reason to go on sending', async () => {
  const { telemetry, told } = observed({
    selfObservability: undefined,
    env: { OTEL_NODE_EXPERIMENTAL_SDK_METRICS: 'true' },
  });
  telemetry.tracer.startSpan('s').end();
  expect([...(await told()).keys()]).toContain('otel.sdk.span.started');
  await telemetry.flush();
  expect(telemetry.status().uncollected).toBe(false);
});
