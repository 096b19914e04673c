import type { OpenBuffer } from '../../sdk/src/core/batch.js';
import { type TemporalityPreference, temporalityOf } from '../../sdk/src/core/metrics/instrument-kinds.js';
import {
  createMeterProvider,
  type MeterProviderOptions,
  type ReaderRules,
} from '../../sdk/src/core/metrics/meter-provider.js';
import { fakeTime } from './fake-time.js';
import { type DecodedMetric, type DecodedMetrics, decodeMetrics } from './otlp-proto.js';
import { testResource } from './trace-rig.js';

/** A whole metrics engine on a clock that moves only when told, whose bytes are read by an independent decoder. */
export function metricsRig({
  temporality = 'cumulative',
  cardinalityLimit = 2_000,
  rules = {},
  ...options
}: Partial<MeterProviderOptions> & {
  temporality?: TemporalityPreference;
  cardinalityLimit?: number;
  rules?: Partial<ReaderRules>;
} = {}) {
  const time = fakeTime();
  const said: { code: string; message: string }[] = [];
  const buffers = new Set<OpenBuffer>();
  const provider = createMeterProvider({
    clock: time.clock,
    report: (_level, code, message) => said.push({ code, message }),
    onInstrument() {},
    ...options,
  });
  const pipeline = provider.addReader({
    temporalityOf: (kind) => temporalityOf(temporality, kind),
    limitOf: () => cardinalityLimit,
    ...rules,
  });
  /** Asks callbacks, collects, and gives the request. */
  const collect = async (): Promise<{ bytes: Uint8Array; items: number } | undefined> => {
    await Promise.all(
      provider.observe(pipeline, (error) => said.push({ code: 'observable-failed', message: `${error}` })),
    );
    provider.collect(pipeline, (buffer) => buffers.add(buffer));
    provider.endCollection(pipeline);
    const [batch] = [...buffers].flatMap((buffer) => buffer.take(testResource) ?? []);
    return batch;
  };
  const scopes = async (): Promise<DecodedMetrics['resourceMetrics'][number]['scopeMetrics']> => {
    const batch = await collect();
    return batch ? decodeMetrics(batch.bytes).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics) : [];
  };
  return {
    time,
    said,
    provider,
    meter: provider.getMeter('test', '1'),
    collect,
    scopes,
    /** Collects; the metrics of all scopes, those of one name joined. */
    async metrics(): Promise<DecodedMetric[]> {
      return joined((await scopes()).flatMap(({ metrics }) => metrics));
    },
  };
}

type Points = { dataPoints: unknown[] };

/** A metric may come in several pieces, each with its share of the data points. */
export function joined(metrics: readonly DecodedMetric[]): DecodedMetric[] {
  const all: DecodedMetric[] = [];
  for (const metric of metrics) {
    const known = all.find(
      ({ name, unit, description }) =>
        name === metric.name && unit === metric.unit && description === metric.description,
    );
    const kind = (['gauge', 'sum', 'histogram', 'exponentialHistogram'] as const).find((each) => metric[each])!;
    if (known?.[kind]) (known[kind] as unknown as Points).dataPoints.push(...metric[kind]!.dataPoints);
    else all.push(structuredClone(metric));
  }
  return all;
}
