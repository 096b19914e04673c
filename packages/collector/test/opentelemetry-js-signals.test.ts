import { ROOT_CONTEXT, TraceFlags, trace as traceApi, ValueType } from '@opentelemetry/api';
import { type AnyValueMap, SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, type LogRecordExporter, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReader } from '../src/query/reader.js';
import { searchLogs } from '../src/query/search-logs.js';
import type { LogsAnswer } from '../src/shapes/api.js';
import { type OpenReceivers, openReceivers } from './open-receivers.js';
import { eventually } from './start-collector.js';

/* Another project's SDK and exporters, unchanged, against our receivers and the real engine; what arrived is read from the tables. */

let receivers: OpenReceivers;
let httpUrl: string;
let grpcUrl: string;

beforeAll(async () => {
  receivers = await openReceivers();
  ({ httpUrl, grpcUrl } = receivers);
}, 60_000);
afterAll(() => receivers?.close());

const gzip = { compression: 'gzip' as never };
const service = (name: string): string => name.toLowerCase().replaceAll(' ', '-');
const resourceOf = (name: string) => resourceFromAttributes({ 'service.name': service(name), 'host.cores': 8 });

test.each([
  ['HTTP protobuf', () => new ProtoLogs({ url: `${httpUrl}/v1/logs` })],
  ['HTTP JSON with gzip', () => new JsonLogs({ url: `${httpUrl}/v1/logs`, ...gzip })],
  ['gRPC', () => new GrpcLogs({ url: grpcUrl })],
] as [string, () => LogRecordExporter][])(
  'log records of opentelemetry-js over %s arrive as sent: bodies of every kind, severity, event, trace [S7]',
  async (name, exporter) => {
    const bodies = [
      'ünïcode 🚀',
      '',
      42,
      0.5,
      true,
      new Uint8Array([1, 2, 255]),
      ['a', 1, null, { deep: [2.5] }],
      { text: 't', nested: { list: [false] } },
      undefined,
    ];
    const provider = new LoggerProvider({
      resource: resourceOf(name),
      processors: [new SimpleLogRecordProcessor({ exporter: exporter() })],
    });
    const logger = provider.getLogger('test-scope', '1.2.3');
    const startMs = Date.now();
    const span = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: TraceFlags.SAMPLED };
    bodies.forEach((body, index) => {
      logger.emit({
        body,
        timestamp: startMs + index,
        observedTimestamp: startMs + 100,
        severityNumber: SeverityNumber.WARN2,
        severityText: 'warning',
        ...(index === 0 ? { eventName: 'order.placed' } : {}),
        attributes: {
          index,
          text: 'x',
          list: ['p', 'q'],
          nested: { yes: true },
          bytes: new Uint8Array([7]),
        } as AnyValueMap,
        context: index % 2 === 0 ? traceApi.setSpanContext(ROOT_CONTEXT, span) : ROOT_CONTEXT,
      });
    });
    await provider.forceFlush();
    await provider.shutdown();
    const range = { startNano: 0n, endNano: 2n ** 62n };
    const { records, resources, scopes } = await eventually(
      async () =>
        JSON.parse(
          await searchLogs(createReader(receivers.store), { range, service: service(name), limit: 50 }),
        ) as LogsAnswer,
      (answer) => answer.records.length === bodies.length,
    );
    expect(resources).toEqual([
      { service: service(name), attributes: { 'service.name': service(name), 'host.cores': 8 } },
    ]);
    expect(scopes).toEqual([{ name: 'test-scope', version: '1.2.3' }]);
    expect([...records].reverse()).toEqual(
      [
        'ünïcode 🚀',
        '',
        42,
        0.5,
        true,
        { $bytes: 'AQL/' },
        ['a', 1, null, { deep: [2.5] }],
        { text: 't', nested: { list: [false] } },
        null,
      ].map((body, index) => ({
        timeUnixNano: String(BigInt(startMs + index) * 1_000_000n),
        observedUnixNano: String(BigInt(startMs + 100) * 1_000_000n),
        severityNumber: 14,
        severityText: 'warning',
        body,
        ...(index === 0 ? { eventName: 'order.placed' } : {}),
        ...(index % 2 === 0
          ? { traceId: span.traceId, spanId: span.spanId, flags: expect.any(Number) }
          : { traceId: '', spanId: '' }),
        resource: 0,
        scope: 0,
        attributes: { index, text: 'x', list: ['p', 'q'], nested: { yes: true }, bytes: { $bytes: 'Bw==' } },
      })),
    );
  },
);

async function rowsOf<Row>(table: string, name: string, columns: string): Promise<Row[]> {
  const { rows } = await receivers.store.query<Row>(
    `SELECT MetricName AS name, MetricUnit AS unit, MetricDescription AS description, Attributes AS attributes, AttributeTypes AS types,
       ScopeName AS scope, ScopeVersion AS version, ResourceAttributes['host.cores'] AS cores, StartTimeUnix <= TimeUnix AS ordered, ${columns}
     FROM ${table} WHERE ServiceName = {service:String} ORDER BY MetricName, mapValues(Attributes)`,
    { params: { service: service(name) } },
  );
  return rows;
}

test.each([
  [
    'HTTP protobuf',
    () => new ProtoMetrics({ url: `${httpUrl}/v1/metrics`, temporalityPreference: AggregationTemporality.CUMULATIVE }),
  ],
  [
    'HTTP JSON with gzip',
    () =>
      new JsonMetrics({ url: `${httpUrl}/v1/metrics`, temporalityPreference: AggregationTemporality.DELTA, ...gzip }),
  ],
  ['gRPC', () => new GrpcMetrics({ url: grpcUrl, temporalityPreference: AggregationTemporality.CUMULATIVE })],
] as [string, () => PushMetricExporter][])(
  'metrics of opentelemetry-js over %s arrive as sent: counters, gauges and both histograms [F12 S7]',
  async (name, exporter) => {
    const temporality = name.includes('JSON') ? 1 : 2;
    const provider = new MeterProvider({
      resource: resourceOf(name),
      readers: [new PeriodicExportingMetricReader({ exporter: exporter(), exportIntervalMillis: 3_600_000 })],
      views: [
        {
          instrumentName: 'wide',
          aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20, recordMinMax: true } },
        },
      ],
    });
    const meter = provider.getMeter('test-scope', '1.2.3');
    const counter = meter.createCounter('requests', {
      unit: '{request}',
      description: 'ünïcode',
      valueType: ValueType.INT,
    });
    counter.add(2, { route: '/a', ok: true });
    counter.add(3, { route: '/a', ok: true });
    counter.add(2 ** 53 - 10, { route: '/b', ok: false });
    meter.createCounter('seconds', { unit: 's' }).add(0.25);
    const upDown = meter.createUpDownCounter('open', { valueType: ValueType.INT });
    upDown.add(5);
    upDown.add(-7);
    meter.createGauge('temperature', { unit: 'Cel' }).record(-3.5, { room: 'attic' });
    meter
      .createObservableGauge('heap', { unit: 'By', valueType: ValueType.INT })
      .addCallback((result) => result.observe(123));
    meter.createObservableCounter('ticks').addCallback((result) => result.observe(9.5));
    const latency = meter.createHistogram('latency', {
      unit: 'ms',
      advice: { explicitBucketBoundaries: [1, 10, 100] },
    });
    for (const value of [0.5, 5, 5, 50, 5_000]) latency.record(value, { route: '/a' });
    const wide = meter.createHistogram('wide');
    for (const value of [0, 1, 2, 4, 4]) wide.record(value);
    // Collects once, and sends.
    await provider.shutdown();

    const shared = { scope: 'test-scope', version: '1.2.3', cores: '8', ordered: 1 };
    const plain = { unit: '', description: '', attributes: {}, types: '', ...shared };
    const sums = await eventually(
      () =>
        rowsOf<{ name: string }>(
          'otel_metrics_sum',
          name,
          'Value AS value, ValueType AS type, IntValue AS int, AggregationTemporality AS temporality, IsMonotonic AS monotonic',
        ),
      (rows) => rows.length === 5,
    );
    expect(sums).toEqual([
      { ...plain, name: 'open', value: -2, type: 'i', int: '-2', temporality: expect.any(Number), monotonic: false },
      {
        ...plain,
        name: 'requests',
        unit: '{request}',
        description: 'ünïcode',
        attributes: { route: '/a', ok: 'true' },
        types: 'sb',
        value: 5,
        type: 'i',
        int: '5',
        temporality,
        monotonic: true,
      },
      {
        ...plain,
        name: 'requests',
        unit: '{request}',
        description: 'ünïcode',
        attributes: { route: '/b', ok: 'false' },
        types: 'sb',
        value: 2 ** 53 - 10,
        type: 'i',
        int: String(2 ** 53 - 10),
        temporality,
        monotonic: true,
      },
      { ...plain, name: 'seconds', unit: 's', value: 0.25, type: '', int: '0', temporality, monotonic: true },
      { ...plain, name: 'ticks', value: 9.5, type: '', int: '0', temporality, monotonic: true },
    ]);
    const gauges = await eventually(
      () => rowsOf('otel_metrics_gauge', name, 'Value AS value, ValueType AS type, IntValue AS int'),
      (rows) => rows.length === 2,
    );
    expect(gauges).toEqual([
      { ...plain, name: 'heap', unit: 'By', value: 123, type: 'i', int: '123' },
      {
        ...plain,
        name: 'temperature',
        unit: 'Cel',
        attributes: { room: 'attic' },
        value: -3.5,
        type: '',
        int: '0',
      },
    ]);
    const distribution =
      'Count AS count, Sum AS sum, Min AS min, Max AS max, NoSum OR NoMin OR NoMax AS lacks, AggregationTemporality AS temporality';
    const histograms = await eventually(
      () =>
        rowsOf('otel_metrics_histogram', name, `${distribution}, BucketCounts AS buckets, ExplicitBounds AS bounds`),
      (rows) => rows.length === 1,
    );
    expect(histograms).toEqual([
      {
        ...plain,
        name: 'latency',
        unit: 'ms',
        attributes: { route: '/a' },
        count: '5',
        sum: 5_060.5,
        min: 0.5,
        max: 5_000,
        lacks: false,
        temporality,
        buckets: ['1', '2', '1', '1'],
        bounds: [1, 10, 100],
      },
    ]);
    const exponential = await eventually(
      () =>
        rowsOf<{ scale: number; offset: number; counts: string[] }>(
          'otel_metrics_exp_histogram',
          name,
          `${distribution}, Scale AS scale, ZeroCount AS zeros, PositiveOffset AS offset, PositiveBucketCounts AS counts, NegativeBucketCounts AS negative`,
        ),
      (rows) => rows.length === 1,
    );
    expect(exponential).toMatchObject([
      { name: 'wide', count: '5', sum: 11, min: 0, max: 4, lacks: false, temporality, zeros: '1', negative: [] },
    ]);
    // Each value lies in the bucket that the scale gives it: above base^index, up to base^(index + 1).
    const { scale, offset, counts } = exponential[0]!;
    const expected = new Map<number, number>();
    for (const value of [1, 2, 4, 4]) {
      const index = Math.ceil(Math.log2(value) * 2 ** scale) - 1;
      expected.set(index, (expected.get(index) ?? 0) + 1);
    }
    expect(
      new Map(counts.map((count, at) => [at + offset, Number(count)] as const).filter(([, count]) => count > 0)),
    ).toEqual(expected);
  },
);
