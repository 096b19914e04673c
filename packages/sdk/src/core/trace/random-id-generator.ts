import type { Entropy } from '../ports.js';
import { hexOf, traceIdHex } from './hex.js';
import type { IdGenerator } from './id-generator.js';
import type { IdSource } from './id-source.js';

/** 8 KiB at a time: 341 traces for one call into the runtime's generator, which costs as much as 30 spans (2 µs on Node). */
const poolWords = 2_048;

/** Until the first identifier is asked for: a telemetry at rest has no pool. */
const noWords = /* @__PURE__ */ new Int32Array(0);

/** Identifiers from a pool of random words that is filled in bulk. */
export class RandomIdGenerator implements IdGenerator, IdSource {
  readonly random = true;
  /** Words to take identifiers from, at the index that `take` returned, once it has. */
  words: Int32Array = noWords;
  readonly #entropy: Entropy;
  #next = poolWords;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  /** Index of `count` (2: a span id, 6: a trace id and a span id) unused words of which neither id is all zero. */
  take(count: number): number {
    for (;;) {
      let at = this.#next;
      if (at + count > poolWords) {
        if (this.words === noWords) this.words = new Int32Array(poolWords);
        this.#entropy.fill(new Uint8Array(this.words.buffer as ArrayBuffer));
        at = 0;
      }
      const { words } = this;
      this.#next = at + count;
      const last = at + count - 2;
      if ((words[last]! | words[last + 1]!) === 0) continue;
      if (count < 6 || (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) !== 0) return at;
    }
  }

  generateTraceId(): string {
    const at = this.take(6);
    const { words } = this;
    return traceIdHex(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }

  generateSpanId(): string {
    const at = this.take(2);
    return hexOf(this.words[at]!) + hexOf(this.words[at + 1]!);
  }
}
