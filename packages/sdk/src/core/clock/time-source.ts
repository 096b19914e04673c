import type { HrTime, TimeInput } from '@opentelemetry/api';
import type { Clock } from '../ports.js';
import type { Anchor } from './anchor.js';

const twoTo32 = 0x1_0000_0000;
/** A power of two: the product is as exact as the quotient, and faster. */
const perTwoTo32 = 1 / twoTo32;
/** Wall and monotonic time may drift apart this far (milliseconds) before a new root takes a new anchor. */
const maxDriftMs = 100;
/** Roots within this much monotonic time (milliseconds) share one look at the wall clock. */
const checkEveryMs = 1;
/** A number up to this far ahead of `performance.now()` is still taken for one of its readings: a planned end. */
const performanceHorizonMs = 3_600_000;

/**
 * Turns readings of a `Clock`, and every kind of time the OpenTelemetry API lets a user give, into Unix nanoseconds. A double of
 * epoch milliseconds resolves only 244 ns, so a time is two 32-bit halves. Results are left in `hi` and `lo` (as int32) instead
 * of being returned: this is the hot path, and two numbers cannot be returned without allocating.
 */
export class TimeSource {
  /** Upper and lower half of the time last read, as int32; `>>> 0` gives the unsigned value. */
  hi = 0;
  lo = 0;
  readonly #clock: Clock;
  #anchor: Anchor;
  /** What the wall clock showed when the anchor was dropped. */
  #wallMs = 0;
  /** What the monotonic clock showed when drift was last looked for. */
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#anchor = this.#drop(clock.wallMs(), clock.monotonicMs());
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  /**
   * The anchor for a new local root at `monotonicMs`: the one in use, or a new one after a sleep or a set clock. Reading the wall clock costs
   * a quarter of a span, so roots within a millisecond share one look at it, except where the monotonic clock stands still.
   */
  rootAnchor(monotonicMs: number): Anchor {
    const since = monotonicMs - this.#checkedMs;
    return since > 0 && since < checkEveryMs ? this.#anchor : this.#check(monotonicMs);
  }

  #check(monotonicMs: number): Anchor {
    this.#checkedMs = monotonicMs;
    const wallMs = this.#clock.wallMs();
    const drift = wallMs - this.#wallMs - (monotonicMs - this.#anchor.monotonicMs);
    if (drift > maxDriftMs || drift < -maxDriftMs) this.#anchor = this.#drop(wallMs, monotonicMs);
    return this.#anchor;
  }

  #drop(wallMs: number, monotonicMs: number): Anchor {
    this.#wallMs = wallMs;
    this.#setMs(wallMs);
    return { hi: this.hi >>> 0, lo: this.lo >>> 0, monotonicMs };
  }

  /** The moment at which the monotonic clock showed `monotonicMs`. */
  at(anchor: Anchor, monotonicMs: number): void {
    const lo = anchor.lo + Math.round((monotonicMs - anchor.monotonicMs) * 1e6);
    this.hi = (anchor.hi + Math.floor(lo * perTwoTo32)) | 0;
    this.lo = lo | 0;
  }

  /** This moment, for what belongs to no span. */
  now(): void {
    const now = this.monotonicMs();
    this.at(this.rootAnchor(now), now);
  }

  /** `input` as the API defines it; what is missing or makes no sense means now. */
  read(input: TimeInput | undefined, anchor: Anchor): void {
    if (Array.isArray(input)) {
      // Seconds beyond this are past the last nanosecond that 64 bits can count.
      if (input[0] >= 0 && input[1] >= 0 && input[0] < 18_446_744_073) {
        this.#setSeconds(input[0], input[1]);
        return;
      }
    } else if (input !== undefined && input !== null) {
      const origin = typeof input === 'number' ? this.#clock.performanceOriginMs : undefined;
      const ms = Number(input);
      if (origin !== undefined && ms <= this.monotonicMs() + performanceHorizonMs) {
        this.at(anchor, ms);
        return;
      }
      if (ms >= 0 && ms < 18_446_744_073_709) {
        this.#setMs(ms);
        return;
      }
    }
    this.at(anchor, this.monotonicMs());
  }

  #setMs(ms: number): void {
    const seconds = Math.floor(ms / 1000);
    this.#setSeconds(seconds, Math.round((ms - seconds * 1000) * 1e6));
  }

  // 1e9 times the seconds would not fit a double: 16 bits of them are multiplied apart from the rest.
  #setSeconds(seconds: number, nanos: number): void {
    const upper = Math.floor(seconds / 65_536) * 1e9;
    const lo = (upper % 65_536) * 65_536 + (seconds % 65_536) * 1e9 + nanos;
    this.hi = (Math.floor(upper / 65_536) + Math.floor(lo / twoTo32)) | 0;
    this.lo = lo | 0;
  }
}

/** Two 32-bit halves of nanoseconds as the API's `[seconds, nanoseconds]`. */
export const toHrTime = (hi: number, lo: number): HrTime => {
  const nanos = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  return [Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n)];
};
