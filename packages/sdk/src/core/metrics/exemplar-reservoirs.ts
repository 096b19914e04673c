import type { Attributes, Context } from '@opentelemetry/api';
import { type TimeSource, toHrTime } from '../clock/time-source.js';
import { getSpan } from '../context/span-in-context.js';
import { identityOf, type SpanIdentity } from '../trace/span-identity.js';
import type { ExemplarReservoir } from './view.js';

/** A measurement that was kept. */
export interface KeptMeasurement {
  readonly hi: number;
  readonly lo: number;
  readonly value: number;
  readonly span: SpanIdentity | undefined;
  /** Of the measurement; or those alone that its point does not have, where the reservoir says so itself. */
  readonly attributes: Attributes | undefined;
}

/** Where the exemplars of one series wait until they are collected. */
export interface SeriesReservoir {
  /** `attributes` are given where the point does not have them all. */
  offer(value: number, attributes: Attributes | undefined, context: Context, time: TimeSource): void;
  /** Hands over what was kept, and begins anew. */
  take(pointAttributes: () => Attributes, time: TimeSource, each: (kept: KeptMeasurement) => void): void;
}

/** Words of a measurement: two of time, six of the span's identity. */
const width = 8;

/** Measurements in numbered places. Which of them a new one takes, if any, is what reservoirs differ in. Nothing is allocated where attributes are not kept. */
abstract class PlacesReservoir implements SeriesReservoir {
  readonly #values: Float64Array;
  readonly #words: Int32Array;
  readonly #attributes: (Attributes | undefined)[] = [];
  readonly #isFilled: Uint8Array;

  constructor(places: number) {
    this.#values = new Float64Array(places);
    this.#words = new Int32Array(places * width);
    this.#isFilled = new Uint8Array(places);
  }

  /** The place for a measurement; -1 for none. */
  protected abstract place(value: number): number;
  protected abstract begin(): void;

  offer(value: number, attributes: Attributes | undefined, context: Context, time: TimeSource): void {
    const place = this.place(value);
    if (place < 0) return;
    time.now();
    const words = this.#words;
    const at = place * width;
    words[at] = time.hi;
    words[at + 1] = time.lo;
    const span = spanIn(context);
    words[at + 2] = span?.t0 ?? 0;
    words[at + 3] = span?.t1 ?? 0;
    words[at + 4] = span?.t2 ?? 0;
    words[at + 5] = span?.t3 ?? 0;
    words[at + 6] = span?.s0 ?? 0;
    words[at + 7] = span?.s1 ?? 0;
    this.#values[place] = value;
    this.#attributes[place] = attributes && { ...attributes };
    this.#isFilled[place] = 1;
  }

  take(_pointAttributes: () => Attributes, _time: TimeSource, each: (kept: KeptMeasurement) => void): void {
    this.#isFilled.forEach((isFilled, place) => {
      if (!isFilled) return;
      const [hi, lo, t0, t1, t2, t3, s0, s1] = this.#words.subarray(place * width, (place + 1) * width) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const span = s0 | s1 ? { t0, t1, t2, t3, s0, s1, flags: 0, traceState: undefined } : undefined;
      each({ hi, lo, value: this.#values[place]!, span, attributes: this.#attributes[place] });
      this.#attributes[place] = undefined;
    });
    this.#isFilled.fill(0);
    this.begin();
  }
}

/** Each measurement of a collection has the same chance to be one of `size` (specification "SimpleFixedSizeExemplarReservoir"). */
export class SimpleFixedSizeReservoir extends PlacesReservoir {
  readonly #size: number;
  #seen = 0;

  constructor(size: number) {
    super(size);
    this.#size = size;
  }

  protected place(): number {
    const seen = this.#seen++;
    const place = seen < this.#size ? seen : Math.floor(Math.random() * (seen + 1));
    return place < this.#size ? place : -1;
  }

  protected begin(): void {
    this.#seen = 0;
  }
}

/**
 * One measurement for each bucket of a histogram, each in it with the same chance (specification "AlignedHistogramBucketExemplarReservoir"). `boundaries` rise.
 */
export class AlignedBucketReservoir extends PlacesReservoir {
  readonly #boundaries: readonly number[];
  readonly #seen: Uint32Array;

  constructor(boundaries: readonly number[]) {
    super(boundaries.length + 1);
    this.#boundaries = boundaries;
    this.#seen = new Uint32Array(boundaries.length + 1);
  }

  protected place(value: number): number {
    const found = this.#boundaries.findIndex((bound) => value <= bound);
    const bucket = found < 0 ? this.#boundaries.length : found;
    return Math.floor(Math.random() * ++this.#seen[bucket]!) === 0 ? bucket : -1;
  }

  protected begin(): void {
    this.#seen.fill(0);
  }
}

/** A reservoir of the program's own, which may throw. */
export class OwnReservoir implements SeriesReservoir {
  readonly #own: ExemplarReservoir;

  constructor(own: ExemplarReservoir) {
    this.#own = own;
  }

  offer(value: number, attributes: Attributes | undefined, context: Context, time: TimeSource): void {
    time.now();
    this.#own.offer(value, toHrTime(time.hi, time.lo), attributes ?? {}, context);
  }

  take(pointAttributes: () => Attributes, time: TimeSource, each: (kept: KeptMeasurement) => void): void {
    for (const { value, timestamp, filteredAttributes, traceId = '', spanId = '' } of this.#own.collect(
      pointAttributes(),
    )) {
      time.read(timestamp, time.rootAnchor(time.monotonicMs()));
      const { hi, lo } = time;
      each({ hi, lo, value, span: identityOf({ traceId, spanId, traceFlags: 1 }), attributes: filteredAttributes });
    }
  }
}

/** Spans of this SDK have their identity themselves. */
type Identified = Partial<SpanIdentity>;

function spanIn(context: Context): SpanIdentity | undefined {
  const span = getSpan(context);
  if (!span) return undefined;
  return (span as Identified).t0 === undefined ? identityOf(span.spanContext()) : (span as unknown as SpanIdentity);
}

const sampledFlag = 1;

/** Measured in a span that is sampled. */
export function isSampled(context: Context): boolean {
  const span = getSpan(context);
  if (!span) return false;
  const { t0, flags } = span as Identified;
  return ((t0 === undefined ? span.spanContext().traceFlags : flags!) & sampledFlag) !== 0;
}
