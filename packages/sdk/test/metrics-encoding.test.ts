import { createRequire } from 'node:module';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joined, metricsRig } from '../../testkit/src/metrics-rig.js';
import { type DecodedMetric, decodeMetrics } from '../../testkit/src/otlp-proto.js';
import type { TemporalityPreference } from '../src/core/metrics/instrument-kinds.js';
import { exportRequestToJson } from '../src/core/wire/export-request-to-json.js';
import { splitExportRequest } from '../src/core/wire/split-request.js';
import { build, comparable, PeerReader, type Program, program } from './metric-programs.js';

/* The same random program with our engine and with OpenTelemetry's; what an independent decoder reads of both must be the same. */

const { ProtobufMetricsSerializer } = createRequire(import.meta.url)('@opentelemetry/otlp-transformer');

async function expectSame(temporality: TemporalityPreference, { instruments, steps }: Program): Promise<void> {
  const rig = metricsRig({ temporality });
  const ours = build(rig.meter, instruments);
  const reader = new PeerReader(temporality);
  const theirs = build(new MeterProvider({ readers: [reader] }).getMeter('test', '1'), instruments);
  for (const [what, which, value, given] of [...steps, ['collect', 0, 0, {}] as const]) {
    if (what === 'measure') {
      ours[which % ours.length]!(value, given);
      theirs[which % theirs.length]!(value, given);
      continue;
    }
    await rig.time.advance(1_000);
    const { resourceMetrics } = await reader.collect();
    const bytes: Uint8Array = ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
    const their = decodeMetrics(bytes).resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics),
    );
    expect(comparable(await rig.metrics())).toEqual(comparable(their));
  }
}

test('random recordings through OpenTelemetry’s SDK and ours are the same cumulative metrics [S7 F12]', async () => {
  await fc.assert(
    fc.asyncProperty(program, (one) => expectSame('cumulative', one)),
    { numRuns: 120 },
  );
});

test('random recordings through OpenTelemetry’s SDK and ours are the same delta metrics [S7]', async () => {
  await fc.assert(
    fc.asyncProperty(program, (one) => expectSame('delta', one)),
    { numRuns: 120 },
  );
});

test('random recordings through OpenTelemetry’s SDK and ours are the same with the low memory preference', async () => {
  await fc.assert(
    fc.asyncProperty(program, (one) => expectSame('lowmemory', one)),
    { numRuns: 60 },
  );
});

/** A request of what a random program has measured. */
async function requestOf({ instruments, steps }: Program) {
  const rig = metricsRig();
  const measures = build(rig.meter, instruments);
  for (const [, which, value, given] of steps) measures[which % measures.length]!(value, given);
  await rig.time.advance(1_000);
  return rig.collect();
}

test('OTLP/JSON of random metrics reads back the same [S7]', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (one) => {
      const request = await requestOf(one);
      if (!request) return;
      const json: unknown = JSON.parse(exportRequestToJson('metrics', request.bytes));
      expect(canonical(json)).toEqual(canonical(decodeMetrics(request.bytes)));
    }),
    { numRuns: 80 },
  );
});

/** Both forms as one: absent and empty alike. */
function canonical(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(canonical);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .map(([name, inner]): [string, unknown] => [name, canonical(inner)])
      .filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0)),
  );
}

const metricsOf = (bytes: Uint8Array): DecodedMetric[] =>
  joined(
    decodeMetrics(bytes).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
  );
const pointsOf = (bytes: Uint8Array): number =>
  metricsOf(bytes).reduce(
    (sum, metric) => sum + (metric.gauge ?? metric.sum ?? metric.histogram)!.dataPoints.length,
    0,
  );

test('a request of metrics that is too large is halved, point by point, each part with all that describes its metrics', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (one) => {
      const request = await requestOf(one);
      if (!request) return;
      const singles = (bytes: Uint8Array): Uint8Array[] => {
        const parts = splitExportRequest('metrics', bytes);
        return parts ? parts.flatMap((part) => singles(part.bytes)) : [bytes];
      };
      const parts = singles(request.bytes);
      expect(parts).toHaveLength(request.items);
      expect(parts.map(pointsOf)).toEqual(parts.map(() => 1));
      expect(comparable(joined(parts.flatMap(metricsOf)))).toEqual(comparable(metricsOf(request.bytes)));
    }),
    { numRuns: 60 },
  );
});

test('a metric of many series is several fragments, so that a batch can be sealed between them, and is whole when it is joined', async () => {
  const rig = metricsRig();
  const counter = rig.meter.createCounter('requests', { unit: '{request}', description: 'as they came' });
  for (let i = 0; i < 1_500; i++) counter.add(i, { user: `user-${i}` });
  const [scope] = await rig.scopes();
  expect(scope!.metrics.length).toBeGreaterThan(30);
  for (const metric of scope!.metrics) {
    expect(metric).toMatchObject({ name: 'requests', unit: '{request}', sum: { isMonotonic: true } });
    expect(metric.sum!.dataPoints.length).toBeLessThan(60);
  }
  const [whole] = joined(scope!.metrics);
  const values = whole!.sum!.dataPoints.map(({ asDouble }) => asDouble!);
  expect(values).toEqual(Array.from({ length: 1_500 }, (_, i) => i));
});
