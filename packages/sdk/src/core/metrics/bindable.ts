import type {
  Attributes,
  Context,
  Counter,
  Gauge,
  Histogram,
  Meter,
  MetricOptions,
  UpDownCounter,
} from '@opentelemetry/api';

/** What synchronous instruments of this SDK can beside what the API says. */
export interface Bindable<Bound> {
  /**
   * The instrument with these attributes for all that is measured by it: read once, now, so that a measurement finds its series at once (specification
   * "Metrics API", Bind). Whether they are beyond the cardinality limit is decided now too. The series stays for as long as the program runs.
   */
  bind(attributes?: Attributes): Bound;
  /** `false`: nobody keeps what is measured, because of a view or the configuration of the meter; finding it out can be spared. */
  enabled(): boolean;
}

/** A counter or an up-down counter with its attributes. */
export interface BoundCounter {
  add(value: number, context?: Context): void;
}

/** A gauge or a histogram with its attributes. */
export interface BoundRecorder {
  record(value: number, context?: Context): void;
}

/** A meter as the API has it, whose synchronous instruments can be bound. */
export interface BindableMeter extends Meter {
  createCounter<A extends Attributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): Counter<A> & Bindable<BoundCounter>;
  createUpDownCounter<A extends Attributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): UpDownCounter<A> & Bindable<BoundCounter>;
  createGauge<A extends Attributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): Gauge<A> & Bindable<BoundRecorder>;
  createHistogram<A extends Attributes = Attributes>(
    name: string,
    options?: MetricOptions,
  ): Histogram<A> & Bindable<BoundRecorder>;
}
