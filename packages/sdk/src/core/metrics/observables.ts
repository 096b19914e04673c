import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Observable,
  ObservableCallback,
  ObservableResult,
} from '@opentelemetry/api';
import type { Refuse } from './instruments.js';
import type { Pipeline, Sink } from './stream.js';

export interface SdkObservableOptions {
  readonly isInteger: boolean;
  /** A value that stands for itself may also be `NaN`. */
  readonly isGauge: boolean;
  readonly refuse: Refuse;
  readonly callbacks: Callbacks;
}

/** An instrument that is asked when metrics are collected, by one reader: what it answers is for that one alone. */
export class SdkObservable implements Observable {
  /** Where observations go now, for each reader; none for one that drops them. */
  sinks: ReadonlyMap<Pipeline, readonly Sink[]> = new Map();
  readonly #options: SdkObservableOptions;

  constructor(options: SdkObservableOptions) {
    this.#options = options;
  }

  addCallback(callback: ObservableCallback): void {
    this.#options.callbacks.add(callback, this);
  }

  removeCallback(callback: ObservableCallback): void {
    this.#options.callbacks.remove(callback, this);
  }

  /** Somebody keeps what it observes for this reader. */
  isWanted(pipeline: Pipeline): boolean {
    return !!this.sinks.get(pipeline)?.length;
  }

  observe(pipeline: Pipeline, value: number, attributes?: Attributes): void {
    const { isInteger, isGauge, refuse } = this.#options;
    if (typeof value !== 'number' || ((isInteger || !isGauge) && value - value !== 0)) {
      refuse(value, 'it takes numbers, of sums and integers finite ones');
      return;
    }
    const taken = isInteger ? Math.trunc(value) : value;
    for (const sink of this.sinks.get(pipeline) ?? []) sink.measure(taken, attributes, undefined);
  }
}

/** What is asked when metrics are collected: callbacks of one instrument, and of several together. Each pair is there once. */
export class Callbacks {
  readonly #single = new Map<ObservableCallback, Set<SdkObservable>>();
  readonly #batches: { callback: BatchObservableCallback; observables: ReadonlySet<Observable> }[] = [];
  readonly #onAdded: () => void;
  #round = 0;

  constructor(onAdded: () => void) {
    this.#onAdded = onAdded;
  }

  get isEmpty(): boolean {
    return !this.#single.size && !this.#batches.length;
  }

  add(callback: ObservableCallback, observable: SdkObservable): void {
    const of = this.#single.get(callback) ?? new Set();
    this.#single.set(callback, of.add(observable));
    this.#onAdded();
  }

  remove(callback: ObservableCallback, observable: SdkObservable): void {
    const of = this.#single.get(callback);
    of?.delete(observable);
    if (!of?.size) this.#single.delete(callback);
  }

  addBatch(callback: BatchObservableCallback, observables: readonly Observable[]): void {
    if (!observables.length || this.#indexOf(callback, observables) >= 0) return;
    this.#batches.push({ callback, observables: new Set(observables) });
    this.#onAdded();
  }

  removeBatch(callback: BatchObservableCallback, observables: readonly Observable[]): void {
    const at = this.#indexOf(callback, observables);
    if (at >= 0) this.#batches.splice(at, 1);
  }

  #indexOf(callback: BatchObservableCallback, observables: readonly Observable[]): number {
    return this.#batches.findIndex(
      (batch) =>
        batch.callback === callback &&
        batch.observables.size === new Set(observables).size &&
        observables.every((observable) => batch.observables.has(observable)),
    );
  }

  /**
   * Asks all of them whose answer a reader wants; the promises of those that answer later, which never reject. What one throws is told to `onError` and
   * stops no other. What is observed counts for this reader alone; what is observed after it has collected, in its next collection.
   */
  run(pipeline: Pipeline, onError: (error: unknown) => void): Promise<unknown>[] {
    const later: Promise<unknown>[] = [];
    const round = ++this.#round;
    const observe = (observable: Partial<SdkObservable>, value: number, attributes: Attributes | undefined) => {
      pipeline.round = round;
      observable.observe?.(pipeline, value, attributes);
    };
    const ask = (run: () => unknown) => {
      try {
        const answer = run();
        if (answer instanceof Promise) later.push(answer.catch(onError));
      } catch (error) {
        onError(error);
      }
    };
    for (const [callback, observables] of this.#single) {
      for (const observable of observables) {
        if (!observable.isWanted(pipeline)) continue;
        const result: ObservableResult = {
          observe: (value, attributes) => observe(observable, value, attributes),
        };
        ask(() => callback(result));
      }
    }
    // A callback may take itself away.
    for (const { callback, observables } of [...this.#batches]) {
      // One that the API made before there was telemetry, or another SDK, can be among them: it is nobody's here.
      if (![...observables].some((one) => (one as Partial<SdkObservable>).isWanted?.(pipeline))) continue;
      const result: BatchObservableResult = {
        observe(observable, value, attributes) {
          if (observables.has(observable)) observe(observable as Partial<SdkObservable>, value, attributes);
        },
      };
      ask(() => callback(result));
    }
    return later;
  }
}
