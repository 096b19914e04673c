import { utf8Length, writeUtf8 } from './utf8.js';
import { varintSize, writeVarint } from './varint.js';
import { copyWords, toWords } from './words.js';

/** Keys remembered at most; what comes later is encoded each time. Instrumentation has some hundred keys, a mistake has millions. */
const maxKeys = 2_000;
/** Longer keys are not remembered. */
const maxKeyLength = 256;
/** A text is forgotten when this many others came with its key since it was last seen. */
const patience = 15;
/** Texts of a key not looked at, at most, where they never repeat. */
const maxPause = 1_000;

/** An attribute key as `KeyValue` (common.proto) carries it: the key field, then the tag of the value field. */
export class EncodedKey {
  readonly key: string;
  /** Bytes of the encoded key. */
  readonly size: number;
  /** Found again by identity; without it two of the same key may exist. */
  readonly remembered: boolean;
  /** The key that followed this one last time: attributes come in the same order again and again. */
  next: EncodedKey = this;
  /** The run that met this key last, and where. */
  mark = 0;
  index = 0;
  readonly #words: Float64Array;
  /**
   * A text that came with this key, and its whole `KeyValue`, encoded when it came again: a route, a method, a host. One short text a
   * key is kept alive by this.
   */
  #text: string | undefined = undefined;
  #textWords: Float64Array | undefined = undefined;
  #textSize = 0;
  #patience = 0;
  #pause = 0;
  #longPause = 0;

  constructor(key: string, remembered: boolean) {
    const length = utf8Length(key);
    const bytes = new Uint8Array(2 + varintSize(length) + length);
    bytes[0] = 0x0a;
    bytes[writeUtf8(bytes, writeVarint(bytes, 1, length), key)] = 0x12;
    this.key = key;
    this.size = bytes.length;
    this.remembered = remembered;
    this.#words = toWords(bytes);
  }

  /** Writes key and value tag and returns the position behind them. Up to 7 bytes behind that are overwritten. */
  write(view: DataView, pos: number): number {
    copyWords(view, pos, this.#words);
    return pos + this.size;
  }

  /**
   * Writes the whole `KeyValue` where `text` is the one that is known, and returns the position behind it. 0: it is not known. -1: it
   * is worth knowing; `learn` what is written for it.
   */
  writeKnown(view: DataView, pos: number, text: string): number {
    if (this.#pause > 0) {
      this.#pause--;
      return 0;
    }
    if (this.#text === text) {
      const words = this.#textWords;
      if (words === undefined) return -1;
      this.#patience = patience;
      copyWords(view, pos, words);
      return pos + this.#textSize;
    }
    if (--this.#patience < 0) this.#tryAnother(text);
    return 0;
  }

  #tryAnother(text: string): void {
    // Comparing texts that never repeat costs more than it brings: look at them less and less.
    this.#longPause = this.#textWords ? 0 : Math.min(this.#longPause * 2 + 1, maxPause);
    this.#pause = this.#longPause;
    this.#patience = 2;
    this.#text = text;
    this.#textWords = undefined;
  }

  /** Keeps what was written for the text about which `writeKnown` said so. */
  learn(bytes: Uint8Array, start: number, end: number): void {
    this.#textWords = toWords(bytes.subarray(start, end));
    this.#textSize = end - start;
    this.#patience = patience;
  }
}

/** Every key a program uses, encoded once. */
export class KeyCache {
  readonly #keys = new Map<string, EncodedKey>();
  /** Counts the lists that were written, so that the marks of an earlier one mean nothing. */
  run = 0;
  /** There are keys that are not remembered: equal keys may be different objects. */
  overflowed = false;

  /** `key` encoded, when it was not the one that `previous` predicts. */
  find(key: string, previous: EncodedKey): EncodedKey {
    let found = this.#keys.get(key);
    if (!found) {
      if (key.length > maxKeyLength || this.#keys.size >= maxKeys) {
        this.overflowed = true;
        return new EncodedKey(key, false);
      }
      found = new EncodedKey(key, true);
      this.#keys.set(key, found);
    }
    previous.next = found;
    return found;
  }
}
