import type { Report } from '../limit-diagnostics.js';
import type { InstrumentationScope } from '../trace/readable-span.js';
import { cumulative, delta, exponentialHistogramData, histogramData, sumData } from '../wire/metric.js';
import type { Aggregation } from './aggregation.js';
import { type InstrumentKind, isPreference, temporalityOf } from './instrument-kinds.js';
import type { NamedStream } from './meter.js';
import type { ReaderRules } from './meter-provider.js';
import { dataPointType } from './metric-data.js';
import type { MetricIdentity } from './metric-filter.js';
import type { MetricReaderOptions } from './metric-reader.js';
import { readAttributes } from './read-metrics.js';

/** The specification's default. */
const defaultCardinalityLimit = 2_000;

/** What stands in the options of a reader, as the provider asks for it. What makes no sense is named, and its default taken. */
export function readerRules(options: MetricReaderOptions, report: Report): ReaderRules {
  const {
    temporality = 'cumulative',
    cardinalityLimit = defaultCardinalityLimit,
    aggregation,
    histogramAggregation,
    filter,
  } = options;
  const wrong = (option: string, value: unknown) => report('warn', 'bad-option', `${option} cannot be ${value}`);
  if (typeof temporality === 'string' && !isPreference(temporality)) wrong('temporality', temporality);
  if (histogramAggregation && !/^(explicit|base2_exponential)_bucket_histogram$/.test(histogramAggregation))
    wrong('histogramAggregation', histogramAggregation);
  return {
    temporalityOf(kind) {
      if (typeof temporality === 'object') return temporality[kind] === 'delta' ? delta : cumulative;
      return temporalityOf(isPreference(temporality) ? temporality : 'cumulative', kind);
    },
    limitOf(kind) {
      const limit =
        typeof cardinalityLimit === 'object' ? (cardinalityLimit[kind] ?? defaultCardinalityLimit) : cardinalityLimit;
      if (typeof limit === 'number' && limit >= 1) return Math.floor(limit);
      wrong('cardinalityLimit', limit);
      return defaultCardinalityLimit;
    },
    aggregationOf(kind: InstrumentKind): Aggregation | undefined {
      const own = aggregation?.[kind];
      if (own && own.type !== 'default') return own;
      return kind === 'histogram' && histogramAggregation === 'base2_exponential_bucket_histogram'
        ? { type: histogramAggregation }
        : undefined;
    },
    select:
      filter &&
      ((scope, stream) => {
        const identity = identityOf(scope, stream);
        // The program's own: what it throws must cost no metric.
        const asked = <R>(ask: () => R): R | undefined => {
          try {
            return ask();
          } catch (error) {
            report('warn', 'filter-failed', `The metric filter failed for ${identity.name}: ${error}`);
            return undefined;
          }
        };
        const result = asked(() => filter.testMetric(identity));
        if (result !== 'accept_partial') return result !== 'drop';
        return (attributes) => asked(() => filter.testAttributes?.(identity, readAttributes(attributes))) !== 'drop';
      }),
  };
}

function identityOf(scope: InstrumentationScope, { name, unit, stream }: NamedStream): MetricIdentity {
  const { data } = stream.frame;
  return {
    scope,
    name,
    unit,
    dataPointType:
      data === sumData
        ? dataPointType.sum
        : data === histogramData
          ? dataPointType.histogram
          : data === exponentialHistogramData
            ? dataPointType.exponentialHistogram
            : dataPointType.gauge,
  };
}
