import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Observable,
  ObservableCallback,
  ObservableResult,
} from '@opentelemetry/api';
import type { Refuse } from './instruments.js';
import type { ObservedStream } from './observed-stream.js';

export interface SdkObservableOptions {
  readonly stream: ObservedStream;
  readonly isInteger: boolean;
  /** A value that stands for itself may also be `NaN`. */
  readonly isGauge: boolean;
  readonly refuse: Refuse;
  readonly callbacks: Callbacks;
}

/** An instrument that is asked when metrics are collected. */
export class SdkObservable implements Observable {
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

  observe(value: number, attributes?: Attributes): void {
    const { stream, isInteger, isGauge, refuse } = this.#options;
    if (typeof value !== 'number' || ((isInteger || !isGauge) && value - value !== 0)) {
      refuse(value, 'it observes numbers, of sums and integers finite ones');
    } else stream.observe(isInteger ? Math.trunc(value) : value, attributes);
  }
}

/** What is asked when metrics are collected: callbacks of one instrument, and of several together. Each pair is there once. */
export class Callbacks {
  readonly #single = new Map<ObservableCallback, Set<SdkObservable>>();
  readonly #batches: { callback: BatchObservableCallback; observables: ReadonlySet<Observable> }[] = [];
  readonly #onError: (error: unknown) => void;
  readonly #onAdded: () => void;

  constructor(onError: (error: unknown) => void, onAdded: () => void) {
    this.#onError = onError;
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

  /** Asks all of them; the promises of those that answer later. What one throws is reported and stops no other. */
  run(): Promise<unknown>[] {
    const later: Promise<unknown>[] = [];
    const ask = (run: () => unknown) => {
      try {
        const answer = run();
        if (answer instanceof Promise) later.push(answer.catch(this.#onError));
      } catch (error) {
        this.#onError(error);
      }
    };
    for (const [callback, observables] of this.#single) {
      for (const observable of observables) {
        const result: ObservableResult = { observe: (value, attributes) => observable.observe(value, attributes) };
        ask(() => callback(result));
      }
    }
    for (const { callback, observables } of this.#batches) {
      const result: BatchObservableResult = {
        observe(observable, value, attributes) {
          if (observables.has(observable)) (observable as SdkObservable).observe(value, attributes);
        },
      };
      ask(() => callback(result));
    }
    return later;
  }
}
