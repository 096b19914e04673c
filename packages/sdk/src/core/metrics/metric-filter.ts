import type { Attributes } from '@opentelemetry/api';
import type { InstrumentationScope } from '../trace/readable-span.js';

/** What a filter looks at. */
export interface MetricIdentity {
  readonly scope: InstrumentationScope;
  readonly name: string;
  /** One of `dataPointType`. */
  readonly dataPointType: 0 | 1 | 2 | 3;
  readonly unit: string;
}

/**
 * Decides what is collected (specification "MetricFilter"). Asked by the SDK, and by producers, in each collection. `testAttributes` is asked for each series
 * of those metrics alone for which `testMetric` said `accept_partial`.
 */
export interface MetricFilter {
  testMetric(metric: MetricIdentity): 'accept' | 'drop' | 'accept_partial';
  testAttributes?(metric: MetricIdentity, attributes: Attributes): 'accept' | 'drop';
}
