import type { Attributes } from '@opentelemetry/api';
import { anyValueBound } from '../wire/any-value.js';
import {
  type AttributeList,
  attributeOverhead,
  indexOfKey,
  uniqueAttributes,
  writeAttributes,
} from '../wire/attributes.js';
import { EncodedKey, type KeyCache } from '../wire/encoded-key.js';
import type { NameCache } from '../wire/name-cache.js';
import { attributeValue } from './attribute-value.js';

/** What holds for all attributes of one kind of thing (span, event, link) of one tracer. */
export interface AttributeRules {
  readonly keys: KeyCache;
  readonly names: NameCache;
  /** Predicts the first key. */
  readonly first: EncodedKey;
  readonly countLimit: number;
  readonly lengthLimit: number;
  /** Below this length of its list (two places an attribute) a bag adds without looking; doubles are removed in one pass later. */
  readonly freeLength: number;
  /** Places the last list took, or a little more. */
  expected: number;
}

/** Up to 32 attributes are added without looking whether they are there. */
const maxFreeLength = 64;

export const attributeRules = (
  keys: KeyCache,
  names: NameCache,
  countLimit: number,
  lengthLimit: number,
): AttributeRules => ({
  keys,
  names,
  first: new EncodedKey('', false),
  countLimit,
  lengthLimit,
  freeLength: Math.min(maxFreeLength, countLimit * 2),
  expected: 4,
});

/**
 * Attributes on their way to the wire: a flat list of encoded keys and values. Only when somebody reads them do they become an
 * object, which then is the one truth: a processor may change and delete in it.
 */
export class AttributeBag {
  /** Attributes given and not kept because there was no room. */
  dropped = 0;
  readonly #rules: AttributeRules;
  readonly #list: AttributeList;
  /** Places of `#list` that are taken. */
  #length = 0;
  /** What `#list` needs at most on the wire. */
  #bound = 0;
  #last: EncodedKey;
  /** No key stands in the list twice. */
  #unique: boolean;
  #live: Attributes | undefined = undefined;

  constructor(rules: AttributeRules) {
    this.#rules = rules;
    this.#last = rules.first;
    this.#unique = false;
    // Room for as many as there were last time: an array that grows is copied, and a first `push` makes room for seventeen.
    this.#list = new Array(rules.expected);
  }

  /** Adds or replaces; what is no attribute (an empty key, a value without a type on the wire) is ignored. */
  set(key: string, value: unknown): void {
    const rules = this.#rules;
    if (!key || typeof key !== 'string') return;
    let entry = this.#last.next;
    if (entry.key !== key) entry = rules.keys.find(key, this.#last);
    this.#last = entry;
    const length = this.#length;
    let room = entry.size + attributeOverhead;
    if (typeof value === 'string' && value.length <= rules.lengthLimit) room += value.length * 3;
    else if (typeof value !== 'number' && typeof value !== 'boolean') {
      value = attributeValue(value, rules.lengthLimit);
      if (value === undefined) return;
      room += anyValueBound(value);
    }
    if (length < rules.freeLength && this.#live === undefined) {
      this.#list[length] = entry;
      this.#list[length + 1] = value;
      this.#length = length + 2;
      this.#bound += room;
    } else AttributeBag.#setWhereKnown(this, entry, value, room);
  }

  setAll(attributes: Attributes): void {
    const { lengthLimit, keys, freeLength } = this.#rules;
    const list = this.#list;
    const free = this.#live === undefined ? freeLength : 0;
    // In locals, because a private field is read and written anew each time.
    let last = this.#last;
    let length = this.#length;
    let bound = this.#bound;
    for (const key in attributes) {
      const value = attributes[key];
      let entry = last.next;
      if (entry.key !== key) {
        // What is inherited is no attribute. Asked only where the key was not foreseen: asked of each, it takes a span's attributes half as long again.
        if (!Object.hasOwn(attributes, key)) continue;
        entry = keys.find(key, last);
      }
      let room = entry.size + attributeOverhead;
      if (typeof value === 'string' && value.length <= lengthLimit) room += value.length * 3;
      else if (typeof value !== 'number' && typeof value !== 'boolean') room = -1;
      if (room < 0 || length >= free || key === '') {
        this.#length = length;
        this.#bound = bound;
        this.set(key, value);
        length = this.#length;
        bound = this.#bound;
        continue;
      }
      last = entry;
      list[length] = entry;
      list[length + 1] = value;
      length += 2;
      bound += room;
    }
    this.#last = last;
    this.#length = length;
    this.#bound = bound;
  }

  static #setWhereKnown(bag: AttributeBag, entry: EncodedKey, value: unknown, room: number): void {
    const { countLimit, keys } = bag.#rules;
    const live = bag.#live as Record<string, unknown> | undefined;
    if (live) {
      if (Object.hasOwn(live, entry.key) || Object.keys(live).length < countLimit) live[entry.key] = value;
      else bag.dropped++;
      return;
    }
    const list = bag.#list;
    if (!bag.#unique) bag.#length = uniqueAttributes(list, bag.#length, keys);
    const length = bag.#length;
    let at = indexOfKey(list, entry, length);
    // Below the free length `set` adds again without looking.
    bag.#unique = length >= bag.#rules.freeLength;
    if (at < 0) {
      if (length >= countLimit * 2) {
        bag.dropped++;
        return;
      }
      at = length;
      list[at] = entry;
      bag.#length += 2;
    }
    list[at + 1] = value;
    bag.#bound += room;
  }

  /** As an object; from now on that object is what will be written. */
  get object(): Attributes {
    if (!this.#live) {
      const list = this.#list;
      this.#length = uniqueAttributes(list, this.#length, this.#rules.keys);
      const pairs: [string, unknown][] = [];
      for (let i = 0; i < this.#length; i += 2) pairs.push([(list[i] as EncodedKey).key, list[i + 1]]);
      this.#live = Object.fromEntries(pairs) as Attributes;
    }
    return this.#live;
  }
  set object(attributes: Attributes) {
    this.#live = attributes;
  }

  /** Bytes `write` may at most need. Called right before it: it also takes over what was changed in `object`. */
  bound(): number {
    const live = this.#live;
    if (live !== undefined) {
      this.#live = undefined;
      this.#length = 0;
      this.#unique = false;
      this.#bound = 0;
      this.setAll(live);
      this.#live = live;
    }
    return this.#bound;
  }

  write(bytes: Uint8Array, view: DataView, pos: number, tag: number): number {
    const rules = this.#rules;
    const length = this.#length;
    rules.expected = length < rules.expected ? rules.expected - 1 : length;
    return writeAttributes(bytes, view, pos, tag, this.#list, length, rules.keys);
  }
}
