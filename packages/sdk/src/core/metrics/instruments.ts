import type { Attributes, Context, Counter, Gauge, Histogram, UpDownCounter } from '@opentelemetry/api';
import type { Bindable, BoundCounter, BoundRecorder } from './bindable.js';
import type { BoundSink, Sink } from './stream.js';

/** Told what an instrument did not take, and why. Must not throw. */
export type Refuse = (value: unknown, why: string) => void;

/** Any number but those that would spoil a sum for ever. */
const isFiniteNumber = (value: number): boolean => typeof value === 'number' && value - value === 0;
const isAmount = (value: number): boolean => isFiniteNumber(value) && value >= 0;

/** Takes everything and keeps nothing: an instrument that is dropped, or whose meter is off. */
export const noSink: Sink = {
  measure() {},
  bind: () => ({ measure() {} }),
};

/**
 * Checks what it is given and hands it to its sink. Attributes are the program's, whose getters may throw. Each kind has a method of its own: through
 * one for all of them a call cannot be inlined.
 */
export abstract class SyncInstrument {
  /** Where measurements go now; another one when readers, views or the configuration of meters change. */
  sink: Sink = noSink;
  protected readonly isInteger: boolean;
  protected readonly refuse: Refuse;

  constructor(isInteger: boolean, refuse: Refuse) {
    this.isInteger = isInteger;
    this.refuse = refuse;
  }

  /** `false`: what is measured now is kept by nobody, and need not be found out (specification "Metrics API", Enabled). */
  enabled(): boolean {
    return this.sink !== noSink;
  }

  /**
   * The sink for measurements with these attributes. They are read now; what limits there are is decided now. When readers or the configuration of the
   * meter change, it is decided anew.
   */
  protected boundSink(attributes: Attributes | undefined): () => BoundSink {
    const own = attributes && { ...attributes };
    let { sink } = this;
    let bound = sink.bind(own);
    return () => {
      if (sink !== this.sink) {
        ({ sink } = this);
        bound = sink.bind(own);
      }
      return bound;
    };
  }

  protected failed(error: unknown): void {
    this.refuse(error, 'its attributes could not be read');
  }
}

export class SdkCounter extends SyncInstrument implements Counter, Bindable<BoundCounter> {
  add(value: number, attributes?: Attributes, context?: Context): void {
    if (!this.#isTaken(value)) return;
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }

  bind(attributes?: Attributes): BoundCounter {
    const sink = this.boundSink(attributes);
    return {
      add: (value, context) => {
        if (this.#isTaken(value)) sink().measure(this.isInteger ? Math.trunc(value) : value, context);
      },
    };
  }

  #isTaken(value: number): boolean {
    const isTaken = isAmount(value);
    if (!isTaken) this.refuse(value, 'it takes finite numbers of 0 and more');
    return isTaken;
  }
}

export class SdkUpDownCounter extends SyncInstrument implements UpDownCounter, Bindable<BoundCounter> {
  add(value: number, attributes?: Attributes, context?: Context): void {
    if (!this.#isTaken(value)) return;
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }

  bind(attributes?: Attributes): BoundCounter {
    const sink = this.boundSink(attributes);
    return {
      add: (value, context) => {
        if (this.#isTaken(value)) sink().measure(this.isInteger ? Math.trunc(value) : value, context);
      },
    };
  }

  #isTaken(value: number): boolean {
    const isTaken = isFiniteNumber(value);
    if (!isTaken) this.refuse(value, 'it takes finite numbers');
    return isTaken;
  }
}

/** A value that stands for itself may be any number, `NaN` too; only integers have none. */
export class SdkGauge extends SyncInstrument implements Gauge, Bindable<BoundRecorder> {
  record(value: number, attributes?: Attributes, context?: Context): void {
    if (!this.#isTaken(value)) return;
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }

  bind(attributes?: Attributes): BoundRecorder {
    const sink = this.boundSink(attributes);
    return {
      record: (value, context) => {
        if (this.#isTaken(value)) sink().measure(this.isInteger ? Math.trunc(value) : value, context);
      },
    };
  }

  #isTaken(value: number): boolean {
    const isTaken = typeof value === 'number' && (!this.isInteger || isFiniteNumber(value));
    if (!isTaken) this.refuse(value, 'it takes numbers, of sums and integers finite ones');
    return isTaken;
  }
}

export class SdkHistogram extends SyncInstrument implements Histogram, Bindable<BoundRecorder> {
  record(value: number, attributes?: Attributes, context?: Context): void {
    if (!this.#isTaken(value)) return;
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }

  bind(attributes?: Attributes): BoundRecorder {
    const sink = this.boundSink(attributes);
    return {
      record: (value, context) => {
        if (this.#isTaken(value)) sink().measure(this.isInteger ? Math.trunc(value) : value, context);
      },
    };
  }

  #isTaken(value: number): boolean {
    const isTaken = isAmount(value);
    if (!isTaken) this.refuse(value, 'it takes finite numbers of 0 and more');
    return isTaken;
  }
}
