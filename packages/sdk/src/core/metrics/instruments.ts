import type { Attributes, Context, Counter, Gauge, Histogram, UpDownCounter } from '@opentelemetry/api';
import type { Sink } from './stream.js';

/** Told what an instrument did not take, and why. Must not throw. */
export type Refuse = (value: unknown, why: string) => void;

/** Any number but those that would spoil a sum for ever. */
const isFiniteNumber = (value: number): boolean => typeof value === 'number' && value - value === 0;
const isAmount = (value: number): boolean => isFiniteNumber(value) && value >= 0;

/** Takes everything and keeps nothing: an instrument that is dropped, or whose meter is off. */
export const noSink: Sink = { measure() {} };

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

  protected failed(error: unknown): void {
    this.refuse(error, 'its attributes could not be read');
  }
}

export class SdkCounter extends SyncInstrument implements Counter {
  add(value: number, attributes?: Attributes, context?: Context): void {
    if (!isAmount(value)) {
      this.refuse(value, 'a counter takes finite numbers of 0 and more');
      return;
    }
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }
}

export class SdkUpDownCounter extends SyncInstrument implements UpDownCounter {
  add(value: number, attributes?: Attributes, context?: Context): void {
    if (!isFiniteNumber(value)) {
      this.refuse(value, 'an up-down counter takes finite numbers');
      return;
    }
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }
}

/** A value that stands for itself may be any number, `NaN` too; only integers have none. */
export class SdkGauge extends SyncInstrument implements Gauge {
  record(value: number, attributes?: Attributes, context?: Context): void {
    if (typeof value !== 'number' || (this.isInteger && !isFiniteNumber(value))) {
      this.refuse(value, 'a gauge takes numbers, one of integers finite ones');
      return;
    }
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }
}

export class SdkHistogram extends SyncInstrument implements Histogram {
  record(value: number, attributes?: Attributes, context?: Context): void {
    if (!isAmount(value)) {
      this.refuse(value, 'a histogram takes finite numbers of 0 and more');
      return;
    }
    try {
      this.sink.measure(this.isInteger ? Math.trunc(value) : value, attributes, context);
    } catch (error) {
      this.failed(error);
    }
  }
}
