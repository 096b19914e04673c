import type { Attributes, HrTime } from '@opentelemetry/api';
import { toHrTime } from '../clock/time-source.js';
import { closeLength, writeVarint } from '../wire/varint.js';
import { AttributeBag, type AttributeRules } from './attribute-bag.js';
import type { TimedEvent } from './readable-span.js';

/** An event as it waits in its span; readable and writable as OpenTelemetry's `TimedEvent`. */
export class EventRecord implements TimedEvent {
  name: string;
  readonly #rules: AttributeRules;
  readonly #hi: number;
  readonly #lo: number;
  #attributes: AttributeBag | undefined;

  constructor(rules: AttributeRules, name: string, hi: number, lo: number, attributes: Attributes | undefined) {
    this.name = name;
    this.#rules = rules;
    this.#hi = hi;
    this.#lo = lo;
    this.#attributes = undefined;
    if (attributes) {
      this.#attributes = new AttributeBag(rules);
      this.#attributes.setAll(attributes);
    }
  }

  get time(): HrTime {
    return toHrTime(this.#hi, this.#lo);
  }
  get attributes(): Attributes {
    this.#attributes ??= new AttributeBag(this.#rules);
    return this.#attributes.object;
  }
  set attributes(attributes: Attributes) {
    this.#attributes ??= new AttributeBag(this.#rules);
    this.#attributes.object = attributes;
  }
  get droppedAttributesCount(): number {
    return this.#attributes ? this.#attributes.dropped : 0;
  }

  /** Called right before `write`: it also takes over what was changed in `attributes`. */
  bound(): number {
    const attributes = this.#attributes;
    return 40 + this.name.length * 3 + (attributes === undefined ? 0 : attributes.bound());
  }

  /** Writes `Span.events` (trace.proto, field 11), tag and length included. */
  write(bytes: Uint8Array, view: DataView, pos: number): number {
    const attributes = this.#attributes;
    bytes[pos] = 0x5a;
    bytes[pos + 2] = 0x09;
    view.setInt32(pos + 3, this.#lo, true);
    view.setInt32(pos + 7, this.#hi, true);
    let end = this.#rules.names.write(bytes, view, pos + 11, 0x12, this.name);
    if (attributes !== undefined) {
      end = attributes.write(bytes, view, end, 0x1a);
      if (attributes.dropped) {
        bytes[end] = 0x20;
        end = writeVarint(bytes, end + 1, attributes.dropped);
      }
    }
    return closeLength(bytes, pos + 1, end);
  }
}
