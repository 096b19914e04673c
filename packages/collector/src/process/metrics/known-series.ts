import { randomBytes } from 'node:crypto';
import { KeySet } from '../key-set.js';

/** So many of a generation; two are kept. 8 MB at most. */
const MOST_KNOWN = 131_072;
const DAY_NANO = 86_400e9;
const SPAN_NANO = 2 ** 40;
const HIGH = 2 ** 32;

/**
 * Which series of metrics have had a point in a span of time (2^40 ns, 18 minutes), so that the row that says so is made once and not for every insert: the views that fill `otel_metrics_series` leave out
 * points that are marked as known (store/known-series.ts).
 *
 * What is not known for certain is never taken as known: after a start, after anything that kept rows from the disk, and of more series than there is room for, each makes its row again, which changes
 * nothing.
 */
export class KnownSeries {
  private newest = new KeySet();
  private older = new KeySet();
  // Random, so that nobody can make up a series that hides another.
  private readonly seeds = new Int32Array(new Uint8Array(randomBytes(8)).buffer);
  private first = 0;
  private second = 0;
  private sharedFirst = 0;
  private sharedSecond = 0;

  /** For a metric: everything but the attributes of its points that tells a series from another, piece by piece. */
  begin(kind: number): void {
    this.first = (this.seeds[0] as number) ^ kind;
    this.second = (this.seeds[1] as number) + kind;
  }

  /** Bytes `start` to `end`. What stands at another place, and is of another length, gives another number. */
  add(view: DataView, start: number, end: number): void {
    let first = this.first ^ (end - start);
    let second = this.second + Math.imul(end - start, 0x9e3779b1);
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = view.getInt32(at, true);
      first = Math.imul(first ^ word, 0x85ebca6b);
      first = (first << 13) | (first >>> 19);
      second = Math.imul(second + word, 0xc2b2ae35);
      second ^= second >>> 15;
    }
    let word = 0;
    for (; at < end; at++) word = (word << 8) | view.getUint8(at);
    first = Math.imul(first ^ word, 0x27d4eb2f);
    first ^= first >>> 16;
    second = Math.imul(second + word, 0x165667b1);
    second ^= second >>> 13;
    this.first = first;
    this.second = second;
  }

  /** What was added until now is what every point begins with. */
  endShared(): void {
    this.sharedFirst = this.first;
    this.sharedSecond = this.second;
  }

  /** Goes back to what every point begins with. */
  beginPoint(): void {
    this.first = this.sharedFirst;
    this.second = this.sharedSecond;
  }

  /** Whether the series that was added up has had a point in the span of this time (halves of Unix nanoseconds); from now on it has. */
  isKnown(timeHigh: number): boolean {
    const span = spanOf(timeHigh);
    if (span === undefined) return false;
    // The last step, so that all bits of both depend on all of what was added.
    let high = Math.imul(this.first ^ span, 0x85ebca6b);
    let low = Math.imul(this.second + span, 0xc2b2ae35);
    high ^= high >>> 13;
    low ^= low >>> 16;
    high = Math.imul(high + low, 0x9e3779b1) >>> 0;
    low = Math.imul(low ^ (high >>> 15), 0x27d4eb2f) >>> 0;
    if (this.newest.has(high, low)) return true;
    const wasKnown = this.older.has(high, low);
    if (this.newest.size >= MOST_KNOWN) {
      this.older = this.newest;
      this.newest = new KeySet();
    }
    this.newest.add(high, low);
    return wasKnown;
  }

  /** Rows that were marked may never reach the disk. */
  forget(): void {
    this.newest = new KeySet();
    this.older = new KeySet();
  }
}

/**
 * The span of a time is `high >>> 8`. A row of a series is of one day, so the span with a midnight in it is cut into pieces of 4 seconds, which are no spans' numbers, and the piece with the midnight in it is none.
 */
function spanOf(high: number): number | undefined {
  const span = high >>> 8;
  if (isOfOneDay(span * SPAN_NANO, (span + 1) * SPAN_NANO)) return span;
  return isOfOneDay(high * HIGH, (high + 1) * HIGH) ? ~high : undefined;
}

/** With a second to spare: doubles tell such times apart by 256 ns. */
const isOfOneDay = (from: number, to: number): boolean =>
  Math.floor((from - 1e9) / DAY_NANO) === Math.floor((to + 1e9) / DAY_NANO);
