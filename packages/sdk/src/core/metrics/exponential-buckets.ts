/** Subnormal values count as the least normal one. */
const leastNormal = 2 ** -1022;
const leastExponent = -1022;
const greatestExponent = 1023;
const firstCapacity = 8;

/**
 * Finds the bucket of a value: bucket i of a scale holds what is above b^i up to b^(i + 1), with b = 2^(2^-scale). Powers of two are found exactly, others
 * as exactly as a logarithm of doubles can: as OpenTelemetry's SDKs do it, bucket for bucket.
 */
export class BucketIndex {
  readonly #double = new Float64Array(1);
  readonly #words = new Int32Array(this.#double.buffer);
  /** Which of the words has the exponent. */
  readonly #upper: 0 | 1;

  constructor() {
    this.#double[0] = -2;
    this.#upper = this.#words[1] === 0 ? 0 : 1;
  }

  /** `value` is above 0. `factor`: that of `scaleFactor`. */
  find(value: number, scale: number, factor: number): number {
    this.#double[0] = value;
    const upper = this.#words[this.#upper]!;
    const exponent = ((upper >>> 20) & 0x7ff) - 1_023;
    const isPower = (upper & 0xf_ffff) === 0 && this.#words[1 - this.#upper] === 0;
    if (value <= leastNormal) return scale > 0 ? leastExponent * 2 ** scale - 1 : (leastExponent - 1) >> -scale;
    if (scale <= 0) return (isPower ? exponent - 1 : exponent) >> -scale;
    if (isPower) return exponent * 2 ** scale - 1;
    return Math.min(Math.floor(Math.log(value) * factor), (greatestExponent + 1) * 2 ** scale - 1);
  }
}

/** What logarithms are multiplied with at a scale. */
export const scaleFactor = (scale: number): number => Math.LOG2E * 2 ** scale;

/** How many times two buckets must become one until those from `low` to `high` are no more than `maxSize`. */
export function scaleChange(low: number, high: number, maxSize: number): number {
  let change = 0;
  for (; high - low >= maxSize; change++) {
    low >>= 1;
    high >>= 1;
  }
  return change;
}

/** Counts of neighbouring buckets, from the first that holds something to the last. Grows as far as it must. */
export class ExponentialBuckets {
  /** Index of the first, and of the last. */
  first = 0;
  last = -1;
  counts: Float64Array = new Float64Array(0);

  get length(): number {
    return this.last - this.first + 1;
  }

  add(index: number, maxSize: number): void {
    if (this.last < this.first) {
      this.first = this.last = index;
      this.#room(1, maxSize);
    } else if (index < this.first) {
      const shift = this.first - index;
      const { length } = this;
      this.#room(length + shift, maxSize);
      this.counts.copyWithin(shift, 0, length);
      this.counts.fill(0, 0, shift);
      this.first = index;
    } else if (index > this.last) {
      this.#room(index - this.first + 1, maxSize);
      this.last = index;
    }
    this.counts[index - this.first]!++;
  }

  /** 2^`change` buckets become one each: exactly what they would hold had all been counted at that scale. */
  merge(change: number): void {
    if (this.last < this.first) return;
    const { counts, first, last } = this;
    this.first = first >> change;
    this.last = last >> change;
    for (let index = first; index <= last; index++) {
      const count = counts[index - first]!;
      counts[index - first] = 0;
      counts[(index >> change) - this.first]! += count;
    }
  }

  clear(): void {
    this.counts.fill(0);
    this.first = 0;
    this.last = -1;
  }

  #room(length: number, maxSize: number): void {
    if (length <= this.counts.length) return;
    const counts = new Float64Array(Math.min(Math.max(length, this.counts.length * 2, firstCapacity), maxSize));
    counts.set(this.counts);
    this.counts = counts;
  }
}
