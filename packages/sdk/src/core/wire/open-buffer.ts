import type { EncodedResource, OpenBuffer, Priority, Signal } from '../batch.js';
import type { EncodedScope } from './scope.js';
import { stringField } from './string-field.js';
import { varintSize, writeVarint } from './varint.js';

/** What a buffer takes for its first fragments; a page with three spans needs no more. */
const firstCapacity = 2_048;
/** Room kept in front for resource and scope until it is known how much they need. */
const firstHeadroom = 256;

/** The writing side of an `OpenBuffer`, for encoders. */
export interface FragmentBuffer extends OpenBuffer {
  /** Where fragments are written. Replaced by `reserve`: read them after it. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Makes room for a fragment of at most `bound` bytes and returns where it starts. */
  reserve(bound: number): number;
  /**
   * Keeps what was written from the position `reserve` returned up to `end`: one item field of `scope`, its tag and length included. A fragment that
   * is not committed leaves nothing behind. `false`: it did not fit the bound and is not kept. `items`: how many a metric's fragment holds.
   */
  commit(scope: EncodedScope, end: number, items?: number): boolean;
}

/** An empty buffer for one signal and priority. */
export const createOpenBuffer = (signal: Signal, priority: Priority): FragmentBuffer =>
  new GrowingBuffer(signal, priority);

/**
 * One growing piece of memory, as large as the last batch was plus a sixteenth, with room in front. Where all fragments are of one scope
 * (nearly always in a program that instruments itself) sealing writes the prefixes into that room and hands the
 * memory over; nothing is copied and nothing is kept. Several scopes, or memory that is mostly unused, are copied once.
 */
class GrowingBuffer implements FragmentBuffer {
  readonly signal: Signal;
  readonly priority: Priority;
  bytes: Uint8Array = nothing;
  view: DataView = new DataView(nothing.buffer);
  items = 0;
  #headroom = firstHeadroom;
  #expected = firstCapacity;
  /** Where the written part begins and ends. */
  #start = 0;
  #end = 0;
  /** What the scopes themselves will take. */
  #scopeBytes = 0;
  #scope: EncodedScope | undefined = undefined;
  /** Start and end of each stretch of fragments of the current scope, and of all scopes. */
  #stretches: number[] = [];
  #scopes = new Map<EncodedScope, number[]>();

  constructor(signal: Signal, priority: Priority) {
    this.signal = signal;
    this.priority = priority;
  }

  get byteLength(): number {
    return this.#end - this.#start + this.#scopeBytes;
  }

  reserve(bound: number): number {
    if (this.#end + bound > this.bytes.length) this.#grow(bound);
    return this.#end;
  }

  commit(scope: EncodedScope, end: number, items = 1): boolean {
    // Typed arrays drop what is written past their end without a word.
    if (end > this.bytes.length) return false;
    if (scope !== this.#scope) this.#enter(scope);
    this.#end = end;
    this.#stretches[this.#stretches.length - 1] = end;
    this.items += items;
    return true;
  }

  #enter(scope: EncodedScope): void {
    let stretches = this.#scopes.get(scope);
    if (!stretches) {
      stretches = [];
      this.#scopes.set(scope, stretches);
      // A tag and a length of up to four bytes.
      this.#scopeBytes += scope.head.length + scope.tail.length + 5;
    }
    stretches.push(this.#end, this.#end);
    this.#scope = scope;
    this.#stretches = stretches;
  }

  #grow(bound: number): void {
    const { bytes } = this;
    if (!bytes.length) {
      this.#start = this.#headroom;
      this.#end = this.#headroom;
    }
    const needed = this.#end + bound;
    // Not the whole of what is expected at once: after a burst a batch may hold three spans.
    const step = bytes.length ? Math.max(bytes.length * 2, this.#expected) : Math.min(this.#expected, firstCapacity);
    this.#adopt(new Uint8Array(Math.max(step, needed + 64)));
    this.bytes.set(bytes.subarray(this.#start, this.#end), this.#start);
  }

  #adopt(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  take(resource: EncodedResource): { readonly bytes: Uint8Array; readonly items: number } | undefined {
    const { items } = this;
    if (!items) return undefined;
    const bytes = this.#seal(resource);
    this.items = 0;
    this.#scopeBytes = 0;
    this.#scope = undefined;
    this.#scopes.clear();
    this.#end = this.bytes.length && this.#headroom;
    this.#start = this.#end;
    return { bytes, items };
  }

  #seal(resource: EncodedResource): Uint8Array {
    const { bytes } = this;
    const tail = stringField(0x1a, resource.schemaUrl);
    const resourceLength = resource.bytes.length;
    const lengths: number[] = [];
    let length = tail.length + (resourceLength && 1 + varintSize(resourceLength) + resourceLength);
    for (const [scope, stretches] of this.#scopes) {
      let scopeLength = scope.head.length + scope.tail.length;
      for (let i = 0; i < stretches.length; i += 2) scopeLength += stretches[i + 1]! - stretches[i]!;
      lengths.push(scopeLength);
      length += 1 + varintSize(scopeLength) + scopeLength;
    }
    const total = 1 + varintSize(length) + length;
    const written = this.#end - this.#start;
    const behind = this.#scope!.tail.length + tail.length;
    const front = total - written - behind;
    const inPlace =
      lengths.length === 1 &&
      front <= this.#start &&
      this.#end + behind <= bytes.length &&
      total + (total >> 3) >= bytes.length;

    const out = inPlace ? bytes.subarray(this.#start - front, this.#end + behind) : new Uint8Array(total);
    out[0] = 0x0a;
    let at = writeVarint(out, 1, length);
    if (resourceLength) {
      out[at] = 0x0a;
      at = writeVarint(out, at + 1, resourceLength);
      out.set(resource.bytes, at);
      at += resourceLength;
    }
    let index = 0;
    for (const [scope, stretches] of this.#scopes) {
      out[at] = 0x12;
      at = writeVarint(out, at + 1, lengths[index++]!);
      out.set(scope.head, at);
      at += scope.head.length;
      for (let i = 0; i < stretches.length; i += 2) {
        if (!inPlace) out.set(bytes.subarray(stretches[i], stretches[i + 1]), at);
        at += stretches[i + 1]! - stretches[i]!;
      }
      out.set(scope.tail, at);
      at += scope.tail.length;
    }
    out.set(tail, at);

    this.#expected = front + written + behind + (written >> 4);
    this.#headroom = Math.max(this.#headroom, front);
    if (inPlace || bytes.length > firstCapacity || this.#headroom >= bytes.length) this.#adopt(nothing);
    return out;
  }
}

const nothing = /* @__PURE__ */ new Uint8Array(0);
