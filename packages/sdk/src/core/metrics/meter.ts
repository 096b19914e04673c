import type { Attributes, BatchObservableCallback, Meter, MetricOptions, Observable } from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import type { Report } from '../limit-diagnostics.js';
import {
  encodeDataTail,
  encodeMetricHead,
  gaugeData,
  histogramData,
  type MetricFrame,
  sumData,
  type Temporality,
} from '../wire/metric.js';
import type { EncodedScope } from '../wire/scope.js';
import { defaultBounds, HistogramStream } from './histogram-stream.js';
import { type InstrumentKind, type TemporalityPreference, temporalityOf } from './instrument-kinds.js';
import { type Refuse, SdkCounter, SdkGauge, SdkHistogram, SdkUpDownCounter } from './instruments.js';
import { NumberStream } from './number-stream.js';
import { type Callbacks, SdkObservable } from './observables.js';
import { ObservedStream } from './observed-stream.js';
import type { MetricsState, Stream } from './stream.js';

export interface MeterOptions {
  readonly state: MetricsState;
  readonly temporality: TemporalityPreference;
  readonly callbacks: Callbacks;
  readonly report: Report;
  /** Told that there is something to collect from now on. */
  readonly onInstrument: () => void;
}

/** `ValueType.INT` of the API; core takes only its types. */
const integers = 0;
/** Specification "Metrics API", instrument name syntax. */
const validName = /^[a-z][\w.\-/]{0,254}$/i;

interface Made {
  readonly kind: InstrumentKind;
  readonly unit: string;
  readonly isInteger: boolean;
  readonly description: string;
  readonly instrument: unknown;
}

/** The instruments of one scope. The same name, kind, unit and type of value give the same instrument. */
export class SdkMeter implements Meter {
  readonly #options: MeterOptions;
  readonly #scope: EncodedScope;
  /** By name, in which upper and lower case are the same. */
  readonly #made = new Map<string, { readonly name: string; readonly all: Made[] }>();
  readonly #streams: Stream[] = [];

  constructor(options: MeterOptions, scope: EncodedScope) {
    this.#options = options;
    this.#scope = scope;
  }

  createCounter(name: string, options?: MetricOptions): SdkCounter {
    return this.#make('counter', name, options, (frame, temporality, isInteger, refuse) => {
      const stream = this.#keep(new NumberStream({ ...this.#options, frame, temporality }, isInteger));
      return new SdkCounter(stream, isInteger, refuse);
    });
  }

  createUpDownCounter(name: string, options?: MetricOptions): SdkUpDownCounter {
    return this.#make('upDownCounter', name, options, (frame, temporality, isInteger, refuse) => {
      const stream = this.#keep(new NumberStream({ ...this.#options, frame, temporality }, isInteger));
      return new SdkUpDownCounter(stream, isInteger, refuse);
    });
  }

  createGauge(name: string, options?: MetricOptions): SdkGauge {
    return this.#make('gauge', name, options, (frame, temporality, isInteger, refuse) => {
      const stream = this.#keep(new NumberStream({ ...this.#options, frame, temporality }, isInteger));
      return new SdkGauge(stream, isInteger, refuse);
    });
  }

  createHistogram(name: string, options?: MetricOptions): SdkHistogram {
    return this.#make('histogram', name, options, (frame, temporality, isInteger, refuse) => {
      const bounds = this.#bounds(name, options?.advice?.explicitBucketBoundaries);
      const stream = this.#keep(new HistogramStream({ ...this.#options, frame, temporality }, bounds));
      return new SdkHistogram(stream, isInteger, refuse);
    });
  }

  createObservableCounter<A extends Attributes>(name: string, options?: MetricOptions): Observable<A> {
    return this.#observable('observableCounter', name, options);
  }

  createObservableUpDownCounter<A extends Attributes>(name: string, options?: MetricOptions): Observable<A> {
    return this.#observable('observableUpDownCounter', name, options);
  }

  createObservableGauge<A extends Attributes>(name: string, options?: MetricOptions): Observable<A> {
    return this.#observable('observableGauge', name, options);
  }

  addBatchObservableCallback<A extends Attributes>(
    callback: BatchObservableCallback<A>,
    observables: Observable<A>[],
  ): void {
    this.#options.callbacks.addBatch(callback as BatchObservableCallback, observables as Observable[]);
  }

  removeBatchObservableCallback<A extends Attributes>(
    callback: BatchObservableCallback<A>,
    observables: Observable<A>[],
  ): void {
    this.#options.callbacks.removeBatch(callback as BatchObservableCallback, observables as Observable[]);
  }

  /** Writes what all instruments have measured. */
  collect(onFragment: OnFragment): void {
    for (const stream of this.#streams) stream.collect(onFragment);
  }

  #observable<A extends Attributes>(
    kind: InstrumentKind,
    name: string,
    options: MetricOptions | undefined,
  ): Observable<A> {
    return this.#make(kind, name, options, (frame, temporality, isInteger, refuse) => {
      const isGauge = kind === 'observableGauge';
      const { callbacks } = this.#options;
      const stream = this.#keep(
        new ObservedStream({
          ...this.#options,
          frame,
          temporality,
          isInteger,
          isSum: !isGauge,
          isMonotonic: kind === 'observableCounter',
        }),
      );
      return new SdkObservable({ stream, isInteger, isGauge, refuse, callbacks });
    }) as Observable as Observable<A>;
  }

  #make<T>(
    kind: InstrumentKind,
    name: string,
    options: MetricOptions | undefined,
    create: (frame: MetricFrame, temporality: Temporality, isInteger: boolean, refuse: Refuse) => T,
  ): T {
    const { report, temporality: preference, onInstrument } = this.#options;
    name = String(name);
    const unit = options?.unit ?? '';
    const description = options?.description ?? '';
    const isInteger = options?.valueType === integers;
    if (!validName.test(name)) {
      report(
        'warn',
        'bad-instrument',
        `"${name}" is no name for an instrument: a letter, then at most 254 of A-Z 0-9 _ . - /`,
      );
    }
    const same = this.#made.get(name.toLowerCase()) ?? { name, all: [] };
    this.#made.set(name.toLowerCase(), same);
    const equal = same.all.find((one) => one.kind === kind && one.unit === unit && one.isInteger === isInteger);
    if (equal && equal.description === description) return equal.instrument as T;
    if (same.all.length) {
      const what = equal ? 'description' : 'kind, unit or type of value';
      report('warn', 'instrument-conflict', `There is another instrument ${same.name} of another ${what}.`);
      if (equal) return equal.instrument as T;
    }
    const temporality = temporalityOf(preference, kind);
    const data = /gauge/i.test(kind) ? gaugeData : kind === 'histogram' ? histogramData : sumData;
    const instrument = create(
      {
        scope: this.#scope,
        head: encodeMetricHead(same.name, description, unit),
        data,
        tail: data === gaugeData ? new Uint8Array(0) : encodeDataTail(temporality, /^counter|eCounter/.test(kind)),
      },
      temporality,
      isInteger,
      (value, why) => report('warn', 'measurement-refused', `${name} was given ${value}: ${why}.`),
    );
    same.all.push({ kind, unit, isInteger, description, instrument });
    onInstrument();
    return instrument;
  }

  #keep<S extends Stream>(stream: S): S {
    this.#streams.push(stream);
    return stream;
  }

  /** Advice that makes no sense is none. */
  #bounds(name: string, advice: readonly number[] | undefined): readonly number[] {
    if (advice === undefined) return defaultBounds;
    const rise = (bound: number, i: number) =>
      typeof bound === 'number' && bound > (i ? advice[i - 1]! : Number.NEGATIVE_INFINITY);
    // The last bucket has no bound, also where one was named.
    if (Array.isArray(advice) && advice.every(rise)) return advice.filter((bound) => bound < Number.POSITIVE_INFINITY);
    this.#options.report('warn', 'bad-instrument', `The bounds of ${name} do not rise; the default ones are used.`);
    return defaultBounds;
  }
}
