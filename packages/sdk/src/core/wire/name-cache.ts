import { writeText } from './any-value.js';
import { EncodedKey } from './encoded-key.js';

/** Names of spans and events remembered; a name is meant to be one of few, but nobody makes sure. */
const maxNames = 500;
const maxNameLength = 128;

/** Names, encoded once. */
export class NameCache {
  readonly #names = new Map<string, EncodedKey>();
  #last = new EncodedKey('', false);

  /** Writes a string field with a one-byte tag and returns the position behind it. */
  write(bytes: Uint8Array, view: DataView, pos: number, tag: number, name: string): number {
    let known: EncodedKey | undefined = this.#last.next;
    if (known.key !== name) known = this.#find(name);
    if (known === undefined) {
      bytes[pos] = tag;
      return writeText(bytes, view, pos + 1, name);
    }
    this.#last = known;
    // The same bytes as a key, but for the tags at both ends.
    const end = known.write(view, pos) - 1;
    bytes[pos] = tag;
    return end;
  }

  #find(name: string): EncodedKey | undefined {
    let known = this.#names.get(name);
    if (known === undefined && name.length <= maxNameLength && this.#names.size < maxNames) {
      known = new EncodedKey(name, true);
      this.#names.set(name, known);
    }
    if (known !== undefined) this.#last.next = known;
    return known;
  }
}
