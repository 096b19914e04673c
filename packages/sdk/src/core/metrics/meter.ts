import type { Attributes, BatchObservableCallback, MetricOptions, Observable } from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import type { Report } from '../limit-diagnostics.js';
import type { InstrumentationScope } from '../trace/readable-span.js';
import type { EncodedScope } from '../wire/scope.js';
import type { BindableMeter } from './bindable.js';
import { type InstrumentDescriptor, type InstrumentKind, isGauge } from './instrument-kinds.js';
import {
  noSink,
  type Refuse,
  SdkCounter,
  SdkGauge,
  SdkHistogram,
  SdkUpDownCounter,
  SyncInstrument,
} from './instruments.js';
import type { ReaderRules } from './meter-provider.js';
import { type Callbacks, SdkObservable } from './observables.js';
import type { Pipeline, Sink, Stream } from './stream.js';

/** A stream and what it is called. */
export interface NamedStream {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly stream: Stream;
}

/** Who asks for streams, by all that a view may look at. */
export interface MeterScope {
  readonly scope: InstrumentationScope;
  readonly encoded: EncodedScope;
}

export interface MeterOptions {
  /** Of every reader there is. */
  readonly pipelines: () => Iterable<Pipeline>;
  readonly createStreams: (
    instrument: InstrumentDescriptor,
    scope: MeterScope,
    pipeline: Pipeline,
  ) => readonly NamedStream[];
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
  readonly descriptor: InstrumentDescriptor;
  readonly instrument: SyncInstrument | SdkObservable;
  readonly streams: Map<Pipeline, readonly NamedStream[]>;
}

/** The instruments of one scope. The same name, kind, unit and type of value give the same instrument. */
export class SdkMeter implements BindableMeter {
  readonly scope: InstrumentationScope;
  readonly #options: MeterOptions;
  readonly #encoded: EncodedScope;
  readonly #made: Made[] = [];
  #isEnabled = true;

  constructor(options: MeterOptions, encoded: EncodedScope, scope: InstrumentationScope) {
    this.#options = options;
    this.#encoded = encoded;
    this.scope = scope;
  }

  createCounter(name: string, options?: MetricOptions): SdkCounter {
    return this.#make('counter', name, options, (isInteger, refuse) => new SdkCounter(isInteger, refuse));
  }

  createUpDownCounter(name: string, options?: MetricOptions): SdkUpDownCounter {
    return this.#make('upDownCounter', name, options, (isInteger, refuse) => new SdkUpDownCounter(isInteger, refuse));
  }

  createGauge(name: string, options?: MetricOptions): SdkGauge {
    return this.#make('gauge', name, options, (isInteger, refuse) => new SdkGauge(isInteger, refuse));
  }

  createHistogram(name: string, options?: MetricOptions): SdkHistogram {
    return this.#make('histogram', name, options, (isInteger, refuse) => new SdkHistogram(isInteger, refuse));
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

  /** Off, its instruments take everything and keep nothing, and nothing of it is collected (specification "MeterConfig"). */
  enable(isEnabled: boolean): void {
    if (isEnabled === this.#isEnabled) return;
    this.#isEnabled = isEnabled;
    for (const made of this.#made) this.#direct(made);
  }

  /** There is a reader more, or one less. */
  reconnect(): void {
    for (const made of this.#made) this.#connect(made);
  }

  /** Writes what all instruments have measured for a reader. */
  collect(pipeline: Pipeline, { select }: Pick<ReaderRules, 'select'>, onFragment: OnFragment): void {
    if (!this.#isEnabled) return;
    for (const { streams } of this.#made) {
      for (const named of streams.get(pipeline) ?? []) {
        const selected = select ? select(this.scope, named) : true;
        named.stream.collect(selected ? onFragment : undefined, selected === true ? undefined : selected || undefined);
      }
    }
  }

  /** What was collected is with the reader. */
  endCollection(pipeline: Pipeline): void {
    if (!this.#isEnabled) return;
    for (const { streams } of this.#made) for (const { stream } of streams.get(pipeline) ?? []) stream.endCollection();
  }

  #observable<A extends Attributes>(
    kind: InstrumentKind,
    name: string,
    options: MetricOptions | undefined,
  ): Observable<A> {
    return this.#make(kind, name, options, (isInteger, refuse) => {
      const { callbacks } = this.#options;
      return new SdkObservable({ isInteger, isGauge: isGauge(kind), refuse, callbacks });
    }) as Observable as Observable<A>;
  }

  #make<T extends SyncInstrument | SdkObservable>(
    kind: InstrumentKind,
    name: string,
    options: MetricOptions | undefined,
    create: (isInteger: boolean, refuse: Refuse) => T,
  ): T {
    const { report, onInstrument } = this.#options;
    name = String(name);
    if (!validName.test(name)) {
      report(
        'warn',
        'bad-instrument',
        `"${name}" is no name for an instrument: a letter, then at most 254 of A-Z 0-9 _ . - /`,
      );
    }
    const { advice } = (options ?? {}) as { advice?: { explicitBucketBoundaries?: number[]; attributes?: string[] } };
    // Upper and lower case are the same; the first word counts.
    const sameName = (one: Made) => one.descriptor.name.toLowerCase() === name.toLowerCase();
    const descriptor: InstrumentDescriptor = {
      kind,
      name: this.#made.find(sameName)?.descriptor.name ?? name,
      unit: options?.unit ?? '',
      description: options?.description ?? '',
      isInteger: options?.valueType === integers,
      boundaries: this.#bounds(name, advice?.explicitBucketBoundaries),
      attributeKeys: this.#keys(name, advice?.attributes),
    };
    const equal = this.#made.find(
      (one) =>
        sameName(one) &&
        one.descriptor.kind === kind &&
        one.descriptor.unit === descriptor.unit &&
        one.descriptor.isInteger === descriptor.isInteger,
    );
    if (equal) {
      const { description, boundaries, attributeKeys } = equal.descriptor;
      const [streams] = equal.streams.values();
      // A view that says what a metric is has settled it.
      const isSaid = streams?.every((one) => one.description !== description);
      if (
        (description !== descriptor.description && !isSaid) ||
        `${boundaries}` !== `${descriptor.boundaries}` ||
        `${attributeKeys}` !== `${descriptor.attributeKeys}`
      )
        this.#conflict(equal.descriptor.name, 'description or advice');
      return equal.instrument as T;
    }
    const instrument = create(descriptor.isInteger, (value, why) =>
      report('warn', 'measurement-refused', `${name} was given ${value}: ${why}.`),
    );
    const made: Made = { descriptor, instrument, streams: new Map() };
    this.#connect(made);
    const [streams = []] = made.streams.values();
    const isTaken = (name: string) =>
      this.#made.some(({ streams }) => {
        const [others = []] = streams.values();
        return others.some((other) => other.name.toLowerCase() === name.toLowerCase());
      });
    streams.forEach((one, i) => {
      if (isTaken(one.name) || streams.findIndex((other) => other.name === one.name) !== i)
        this.#conflict(one.name, 'kind, unit, type or aggregation');
    });
    this.#made.push(made);
    onInstrument();
    return instrument;
  }

  #conflict(name: string, what: string): void {
    this.#options.report(
      'warn',
      'instrument-conflict',
      `There is another metric ${name} of ${this.scope.name || 'this meter'}, of another ${what}; a view can give one of them another name.`,
    );
  }

  /** Streams for every reader; those that are there stay. */
  #connect(made: Made): void {
    const { pipelines, createStreams } = this.#options;
    const all = new Set(pipelines());
    for (const pipeline of made.streams.keys()) if (!all.has(pipeline)) made.streams.delete(pipeline);
    for (const pipeline of all) {
      if (made.streams.has(pipeline)) continue;
      made.streams.set(
        pipeline,
        createStreams(made.descriptor, { scope: this.scope, encoded: this.#encoded }, pipeline),
      );
    }
    this.#direct(made);
  }

  #direct({ instrument, streams }: Made): void {
    const sinks = new Map<Pipeline, Sink[]>();
    if (this.#isEnabled)
      for (const [pipeline, named] of streams)
        sinks.set(
          pipeline,
          named.map(({ stream }) => stream),
        );
    if (instrument instanceof SyncInstrument) instrument.sink = oneSink([...sinks.values()].flat());
    else instrument.sinks = sinks;
  }

  /** Advice that makes no sense is none. */
  #bounds(name: string, advice: readonly number[] | undefined): readonly number[] | undefined {
    if (advice === undefined) return undefined;
    const rise = (bound: number, i: number) =>
      typeof bound === 'number' && bound > (i ? advice[i - 1]! : Number.NEGATIVE_INFINITY);
    // The last bucket has no bound, also where one was named.
    if (Array.isArray(advice) && advice.every(rise)) return advice.filter((bound) => bound < Number.POSITIVE_INFINITY);
    this.#options.report('warn', 'bad-instrument', `The bounds of ${name} do not rise; the default ones are used.`);
    return undefined;
  }

  #keys(name: string, advice: readonly string[] | undefined): readonly string[] | undefined {
    if (advice === undefined || (Array.isArray(advice) && advice.every((key) => typeof key === 'string')))
      return advice;
    this.#options.report('warn', 'bad-instrument', `The attributes advised for ${name} are no list of keys.`);
    return undefined;
  }
}

function oneSink(sinks: readonly Sink[]): Sink {
  if (sinks.length < 2) return sinks[0] ?? noSink;
  return {
    measure(value, attributes, context) {
      for (const sink of sinks) sink.measure(value, attributes, context);
    },
    bind(attributes) {
      const bound = sinks.map((sink) => sink.bind(attributes));
      return {
        measure(value, context) {
          for (const one of bound) one.measure(value, context);
        },
      };
    },
  };
}
