import { AttributeReader } from './attribute-reader.js';
import type { NativeBlock } from './native-block.js';

/** An insert makes one part per day; a request with rows of more days than this loses the others, and is told so. */
export const MAX_DAYS = 100;
/** The last day that ClickHouse's `Date` knows, 2149-06-06. */
const LAST_DAY = 65_535;
const NANOS_PER_DAY = 86_400e9;
const HIGH = 0x1_0000_0000;
const MOST_REASONS = 5;

/** Where the content of a message or a text lies. Nothing of it: `start` is not before `end`. */
export interface Place {
  start: number;
  end: number;
}

/**
 * An export request while it is read: the bytes and the place in them, the resource and the scope that what follows belongs to, what was left out
 * and why, and which days it touches. One object for all requests of a reader.
 */
export class OpenRequest {
  readonly at = new AttributeReader();

  /** The present resource and scope, each with a number that no other of this request has. 0: none yet. */
  resource = 0;
  readonly resourceAt: Place = { start: 0, end: 0 };
  readonly resourceUrlAt: Place = { start: 0, end: 0 };
  scope = 0;
  readonly scopeAt: Place = { start: 0, end: 0 };
  readonly scopeUrlAt: Place = { start: 0, end: 0 };

  /** When it arrived: what stands in for a time that cannot be. Unsigned halves of Unix nanoseconds. */
  receivedLow = 0;
  receivedHigh = 0;

  rejected = 0;
  private readonly reasons = new Set<string>();
  private readonly days = new Set<number>();
  private lastDay = -1;
  private lastBlock: NativeBlock | undefined;

  begin(bytes: Uint8Array, receivedUnixMs: number): void {
    this.at.open(bytes);
    this.resource = this.scope = 0;
    const nanos = BigInt(Math.trunc(receivedUnixMs)) * 1_000_000n;
    this.receivedLow = Number(nanos & 0xffffffffn);
    this.receivedHigh = Number(nanos >> 32n);
    this.rejected = 0;
    this.reasons.clear();
    this.days.clear();
    this.lastDay = -1;
    this.lastBlock = undefined;
  }

  end(): void {
    this.at.close();
    this.lastBlock = undefined;
  }

  /** The first few reasons, each once; empty where nothing is to be said. */
  get message(): string {
    return [...this.reasons].join('; ');
  }

  note(reason: string): void {
    if (this.reasons.size < MOST_REASONS) this.reasons.add(reason);
  }

  reject(reason: string): void {
    this.rejected++;
    this.note(reason);
  }

  /** Whether a time (unsigned halves of Unix nanoseconds) can be the time of a row. */
  isPossible(low: number, high: number): boolean {
    return (low !== 0 || high !== 0) && dayOf(low, high) <= LAST_DAY;
  }

  /** Whether the request may have to do without the row that comes next (see `takesDay`). */
  get mayLose(): boolean {
    return this.days.size >= MAX_DAYS;
  }

  /** Says that a row of this time comes into the block; `false` where the request has rows of so many days already that it cannot. */
  takesDay(block: NativeBlock, low: number, high: number): boolean {
    const day = dayOf(low, high);
    if (day === this.lastDay && block === this.lastBlock) return true;
    if (!this.days.has(day)) {
      if (this.days.size >= MAX_DAYS) return false;
      this.days.add(day);
    }
    block.days.add(day);
    this.lastDay = day;
    this.lastBlock = block;
    return true;
  }
}

function dayOf(low: number, high: number): number {
  return Math.floor((high * HIGH + low) / NANOS_PER_DAY);
}
