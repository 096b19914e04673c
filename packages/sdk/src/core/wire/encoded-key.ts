import { utf8Length, writeUtf8 } from './utf8.js';
import { varintSize, writeVarint } from './varint.js';

/** Keys remembered at most; what comes later is encoded each time. Instrumentation has some hundred keys, a mistake has millions. */
const maxKeys = 2_000;
/** Longer keys are not remembered. */
const maxKeyLength = 256;

/**
 * An attribute key as `KeyValue` carries it: the key field, then the tag of the value field. As words, because four bytes at a
 * time are copied faster than one; the last word is padded, what follows overwrites the padding.
 */
export class EncodedKey {
  readonly key: string;
  readonly words: Int32Array;
  /** Bytes of `words` that count. */
  readonly size: number;
  /** Found again by identity; without it two of the same key may exist. */
  readonly remembered: boolean;
  /** The key that followed this one last time: attributes come in the same order again and again. */
  next: EncodedKey = this;
  /** Scratch of `uniqueAttributes`: the run that saw it last, and where. */
  mark = 0;
  index = 0;

  constructor(key: string, remembered: boolean) {
    const length = utf8Length(key);
    this.key = key;
    this.size = 2 + varintSize(length) + length;
    this.remembered = remembered;
    this.words = new Int32Array((this.size + 3) >> 2);
    const bytes = new Uint8Array(this.words.length * 4);
    bytes[0] = 0x0a;
    bytes[writeUtf8(bytes, writeVarint(bytes, 1, length), key)] = 0x12;
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < this.words.length; i++) this.words[i] = view.getInt32(i * 4, true);
  }
}

/** Every key a program uses, encoded once. */
export class KeyCache {
  readonly #keys = new Map<string, EncodedKey>();
  /** Counts the runs of `uniqueAttributes`, so that marks of an earlier one mean nothing. */
  run = 0;

  /** `key` encoded, when it was not the one that `previous` predicts. */
  find(key: string, previous: EncodedKey): EncodedKey {
    let found = this.#keys.get(key);
    if (!found) {
      if (key.length > maxKeyLength || this.#keys.size >= maxKeys) return new EncodedKey(key, false);
      found = new EncodedKey(key, true);
      this.#keys.set(key, found);
    }
    previous.next = found;
    return found;
  }
}
