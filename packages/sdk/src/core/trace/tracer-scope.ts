import type { TimeSource } from '../clock/time-source.js';
import type { EncodedScope } from '../wire/scope.js';
import type { AttributeRules } from './attribute-bag.js';
import type { InstrumentationScope, ReadableResource } from './readable-span.js';
import type { SpanLimits } from './span-limits.js';
import type { SpanProcessor } from './span-processor.js';

/** What all spans of one tracer have in common. */
export interface TracerScope {
  readonly time: TimeSource;
  readonly limits: SpanLimits;
  readonly processor: SpanProcessor;
  readonly resource: ReadableResource;
  readonly scope: InstrumentationScope;
  readonly encoded: EncodedScope;
  readonly spanAttributes: AttributeRules;
  readonly eventAttributes: AttributeRules;
  readonly linkAttributes: AttributeRules;
  /** Told what telemetry's own code, or a user's processor or sampler, threw. */
  readonly onError: (error: unknown) => void;
}
