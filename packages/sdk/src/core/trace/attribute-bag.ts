import type { Attributes } from '@opentelemetry/api';
import {
  type AttributeList,
  attributesBound,
  indexOfKey,
  uniqueAttributes,
  writeAttributes,
} from '../wire/attributes.js';
import type { EncodedKey, KeyCache } from '../wire/encoded-key.js';
import { attributeValue } from './attribute-value.js';

/** What holds for all attributes of one kind of thing (span, event, link) of one tracer. */
export interface AttributeRules {
  readonly keys: KeyCache;
  /** Predicts the first key. */
  readonly first: EncodedKey;
  readonly countLimit: number;
  readonly lengthLimit: number;
}

/** From this many entries on (two places each) a key is looked for before it is added. Below, doubles are removed in one pass later. */
const scanFrom = 64;

/**
 * Attributes on their way to the wire: a flat list of encoded keys and values. Only when somebody reads them do they become an
 * object, which then is the one truth: a processor may change and delete in it.
 */
export class AttributeBag {
  /** Attributes given and not kept because there was no room. */
  dropped = 0;
  readonly #rules: AttributeRules;
  readonly #list: AttributeList = [];
  #last: EncodedKey;
  /** A key may stand in the list twice. */
  #doubles = false;
  #live: Attributes | undefined = undefined;

  constructor(rules: AttributeRules) {
    this.#rules = rules;
    this.#last = rules.first;
  }

  /** Adds or replaces; what is no attribute (an empty key, a value without a type on the wire) is ignored. */
  set(key: string, value: unknown): void {
    if (this.#list.length) this.#doubles = true;
    AttributeBag.#put(this, key, value);
  }

  setAll(attributes: Attributes): void {
    if (this.#list.length) this.#doubles = true;
    for (const key in attributes) AttributeBag.#put(this, key, attributes[key]);
  }

  static #put(bag: AttributeBag, key: string, value: unknown): void {
    const rules = bag.#rules;
    if (
      typeof value !== 'number' &&
      typeof value !== 'boolean' &&
      !(typeof value === 'string' && value.length <= rules.lengthLimit)
    ) {
      value = attributeValue(value, rules.lengthLimit);
      if (value === undefined) return;
    }
    if (!key || typeof key !== 'string') return;
    let entry = bag.#last.next;
    if (entry.key !== key) entry = rules.keys.find(key, bag.#last);
    bag.#last = entry;
    const list = bag.#list;
    const { length } = list;
    if (length >= scanFrom || length >= rules.countLimit * 2 || bag.#live)
      AttributeBag.#putWhereKnown(bag, entry, value);
    else list.push(entry, value);
  }

  static #putWhereKnown(bag: AttributeBag, entry: EncodedKey, value: unknown): void {
    const { countLimit, keys } = bag.#rules;
    const live = bag.#live as Record<string, unknown> | undefined;
    if (live) {
      if (Object.hasOwn(live, entry.key) || Object.keys(live).length < countLimit) live[entry.key] = value;
      else bag.dropped++;
      return;
    }
    const list = bag.#list;
    if (bag.#doubles) uniqueAttributes(list, keys);
    bag.#doubles = false;
    const at = indexOfKey(list, entry, list.length);
    if (at >= 0) list[at + 1] = value;
    else if (list.length < countLimit * 2) list.push(entry, value);
    else bag.dropped++;
  }

  /** As an object; from now on that object is what will be written. */
  get object(): Attributes {
    if (!this.#live) {
      const list = AttributeBag.#unique(this);
      const pairs: [string, unknown][] = [];
      for (let i = 0; i < list.length; i += 2) pairs.push([(list[i] as EncodedKey).key, list[i + 1]]);
      this.#live = Object.fromEntries(pairs) as Attributes;
    }
    return this.#live;
  }
  set object(attributes: Attributes) {
    this.#live = attributes;
  }

  static #unique(bag: AttributeBag): AttributeList {
    if (bag.#doubles) uniqueAttributes(bag.#list, bag.#rules.keys);
    bag.#doubles = false;
    return bag.#list;
  }

  /** Bytes `write` may at most need. Called right before it: it also brings the list into its last form. */
  bound(): number {
    const live = this.#live;
    if (live) {
      this.#live = undefined;
      this.#list.length = 0;
      this.setAll(live);
      this.#live = live;
    }
    return attributesBound(AttributeBag.#unique(this));
  }

  write(bytes: Uint8Array, view: DataView, pos: number, tag: number): number {
    return writeAttributes(bytes, view, pos, tag, this.#list);
  }
}
