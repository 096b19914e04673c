import type { OnFragment } from '../batch.js';
import type { Report } from '../limit-diagnostics.js';
import type { Clock } from '../ports.js';
import {
  cumulative,
  delta,
  encodeDataTail,
  encodeMetricHead,
  exponentialHistogramData,
  gaugeData,
  histogramData,
  sumData,
  writeMetric,
} from '../wire/metric.js';
import type { FragmentBuffer } from '../wire/open-buffer.js';
import { type EncodedScope, encodeScope } from '../wire/scope.js';
import { aggregationTemporality, dataPointType, type MetricData, type ScopeMetrics } from './metric-data.js';
import type { MetricFilter } from './metric-filter.js';
import { filterMetrics, type MetricProducer } from './metric-producer.js';
import { createPointEncoder } from './produced-points.js';

/** Producers whose metrics leave with the program's own. */
export interface PushedProducers {
  /** Asks them; promises of their answers, which never reject. */
  ask(timeoutMs: number): Promise<unknown>[];
  /** Writes what they have answered since it was written last. */
  write(to: { readonly buffer: FragmentBuffer }, onFragment: OnFragment): void;
}

export interface PushedProducersOptions {
  readonly producers: readonly MetricProducer[];
  readonly filter: MetricFilter | undefined;
  readonly clock: Clock;
  readonly report: Report;
}

export function createPushedProducers({ producers, filter, clock, report }: PushedProducersOptions): PushedProducers {
  const encodePoints = createPointEncoder(clock);
  const answers: (readonly ScopeMetrics[])[] = [];

  const writeOne = (
    to: { readonly buffer: FragmentBuffer },
    scope: EncodedScope,
    metric: MetricData,
    on: OnFragment,
  ) => {
    const { name, description, unit } = metric.descriptor;
    const points = encodePoints(metric);
    const isGauge = metric.dataPointType === dataPointType.gauge;
    const temporality = metric.aggregationTemporality === aggregationTemporality.delta ? delta : cumulative;
    const isMonotonic = metric.dataPointType === dataPointType.sum && metric.isMonotonic;
    writeMetric(
      to,
      {
        scope,
        head: encodeMetricHead(name, description, unit),
        data: tags[metric.dataPointType],
        tail: isGauge ? new Uint8Array(0) : encodeDataTail(temporality, isMonotonic),
      },
      {
        count: points.length,
        size: (point) => points[point]!.length,
        write(bytes, _view, pos, point) {
          bytes.set(points[point]!, pos);
          return pos + points[point]!.length;
        },
      },
      on,
    );
  };
  const failed = (error: unknown) => report('warn', 'producer-failed', `A metric producer failed: ${error}`);

  return {
    ask: (timeoutMs) =>
      producers.map(async (producer, i) => {
        try {
          // One that pays no heed to the filter is filtered here.
          answers[i] = filterMetrics(await producer.produce({ filter, timeoutMs }), filter);
        } catch (error) {
          failed(error);
        }
      }),
    write(to, onFragment) {
      for (const { scope, metrics } of answers.splice(0).flatMap((answer) => answer ?? [])) {
        const encoded = encodeScope(scope);
        for (const metric of metrics) {
          try {
            writeOne(to, encoded, metric, onFragment);
          } catch (error) {
            failed(error);
          }
        }
      }
    },
  };
}

/** By `DataPointType`. */
const tags = [histogramData, exponentialHistogramData, gaugeData, sumData] as const;
