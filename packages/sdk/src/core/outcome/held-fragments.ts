import type { FragmentBuffer } from '../wire/open-buffer.js';
import type { EncodedScope } from '../wire/scope.js';

/** What a fragment costs beside its bytes: its place in two lists. */
const perFragment = 32;
const firstCapacity = 512;
/** A buffer that one large span made stays no larger than this. */
const largestKept = 64 * 1024;

/** One span's bytes, until it is known where they go. */
export class SpanScratch implements FragmentBuffer {
  readonly signal = 'traces';
  readonly priority = 'normal';
  readonly items = 0;
  readonly byteLength = 0;
  bytes = new Uint8Array(2_048);
  view = new DataView(this.bytes.buffer);
  #end = 0;
  #scope: EncodedScope | undefined;

  reserve(bound: number): number {
    if (bound > this.bytes.length || this.bytes.length > largestKept) {
      this.bytes = new Uint8Array(Math.max(bound, 2_048));
      this.view = new DataView(this.bytes.buffer);
    }
    this.#end = 0;
    return 0;
  }

  commit(scope: EncodedScope, end: number): boolean {
    if (end > this.bytes.length) return false;
    this.#scope = scope;
    this.#end = end;
    return true;
  }

  take(): undefined {}

  /** What was written last; valid until the next `reserve`. */
  get fragment(): Uint8Array {
    return this.bytes.subarray(0, this.#end);
  }
  get scope(): EncodedScope {
    return this.#scope!;
  }
}

/** The spans of one trace that have ended, as bytes. */
export class HeldFragments {
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #ends: number[] = [];
  readonly #scopes: EncodedScope[] = [];

  get count(): number {
    return this.#ends.length;
  }

  /** Memory this takes. */
  get size(): number {
    return this.#bytes.length + this.#ends.length * perFragment;
  }

  add(scope: EncodedScope, fragment: Uint8Array): void {
    const start = this.#ends.at(-1) ?? 0;
    const end = start + fragment.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, end, firstCapacity));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    this.#bytes.set(fragment, start);
    this.#ends.push(end);
    this.#scopes.push(scope);
  }

  each(run: (scope: EncodedScope, fragment: Uint8Array) => void): void {
    let start = 0;
    this.#ends.forEach((end, i) => {
      run(this.#scopes[i]!, this.#bytes.subarray(start, end));
      start = end;
    });
  }
}
