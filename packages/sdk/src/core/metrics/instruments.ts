import type { Attributes, Counter, Gauge, Histogram, UpDownCounter } from '@opentelemetry/api';
import type { HistogramStream } from './histogram-stream.js';
import type { NumberStream } from './number-stream.js';
import type { Stream } from './stream.js';

/** Told what an instrument did not take, and why. Must not throw. */
export type Refuse = (value: unknown, why: string) => void;

/** Any number but those that would spoil a sum for ever. */
const isFiniteNumber = (value: number): boolean => typeof value === 'number' && value - value === 0;
const isAmount = (value: number): boolean => isFiniteNumber(value) && value >= 0;

/**
 * Checks what it is given and hands it to its stream. Attributes are the program's, whose getters may throw. Nothing is taken from a context yet. Each
 * kind has a method of its own that knows its stream: through one for all of them a call cannot be inlined.
 */
abstract class SyncInstrument<S extends Stream> {
  protected readonly stream: S;
  protected readonly isInteger: boolean;
  protected readonly refuse: Refuse;

  constructor(stream: S, isInteger: boolean, refuse: Refuse) {
    this.stream = stream;
    this.isInteger = isInteger;
    this.refuse = refuse;
  }

  protected failed(error: unknown): void {
    this.refuse(error, 'its attributes could not be read');
  }
}

export class SdkCounter extends SyncInstrument<NumberStream> implements Counter {
  add(value: number, attributes?: Attributes): void {
    if (!isAmount(value)) {
      this.refuse(value, 'a counter takes finite numbers of 0 and more');
      return;
    }
    try {
      this.stream.add(this.isInteger ? Math.trunc(value) : value, attributes);
    } catch (error) {
      this.failed(error);
    }
  }
}

export class SdkUpDownCounter extends SyncInstrument<NumberStream> implements UpDownCounter {
  add(value: number, attributes?: Attributes): void {
    if (!isFiniteNumber(value)) {
      this.refuse(value, 'an up-down counter takes finite numbers');
      return;
    }
    try {
      this.stream.add(this.isInteger ? Math.trunc(value) : value, attributes);
    } catch (error) {
      this.failed(error);
    }
  }
}

/** A value that stands for itself may be any number, `NaN` too; only integers have none. */
export class SdkGauge extends SyncInstrument<NumberStream> implements Gauge {
  record(value: number, attributes?: Attributes): void {
    if (typeof value !== 'number' || (this.isInteger && !isFiniteNumber(value))) {
      this.refuse(value, 'a gauge takes numbers, one of integers finite ones');
      return;
    }
    try {
      this.stream.set(this.isInteger ? Math.trunc(value) : value, attributes);
    } catch (error) {
      this.failed(error);
    }
  }
}

export class SdkHistogram extends SyncInstrument<HistogramStream> implements Histogram {
  record(value: number, attributes?: Attributes): void {
    if (!isAmount(value)) {
      this.refuse(value, 'a histogram takes finite numbers of 0 and more');
      return;
    }
    try {
      this.stream.record(this.isInteger ? Math.trunc(value) : value, attributes);
    } catch (error) {
      this.failed(error);
    }
  }
}
