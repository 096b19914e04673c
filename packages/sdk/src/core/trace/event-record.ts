import type { Attributes, HrTime } from '@opentelemetry/api';
import { toHrTime } from '../clock/time-source.js';
import { writeText } from '../wire/any-value.js';
import { closeLength, writeVarint } from '../wire/varint.js';
import { AttributeBag, type AttributeRules } from './attribute-bag.js';
import type { TimedEvent } from './readable-span.js';

/** An event as it waits in its span; readable and writable as OpenTelemetry's `TimedEvent`. */
export class EventRecord implements TimedEvent {
  name: string;
  readonly #hi: number;
  readonly #lo: number;
  readonly #attributes: AttributeBag;

  constructor(rules: AttributeRules, name: string, hi: number, lo: number, attributes: Attributes | undefined) {
    this.name = name;
    this.#hi = hi;
    this.#lo = lo;
    this.#attributes = new AttributeBag(rules);
    if (attributes) this.#attributes.setAll(attributes);
  }

  get time(): HrTime {
    return toHrTime(this.#hi, this.#lo);
  }
  get attributes(): Attributes {
    return this.#attributes.object;
  }
  set attributes(attributes: Attributes) {
    this.#attributes.object = attributes;
  }
  get droppedAttributesCount(): number {
    return this.#attributes.dropped;
  }

  /** Called right before `write`: it brings the attributes into their last form. */
  bound(): number {
    return 40 + this.name.length * 3 + this.#attributes.bound();
  }

  /** Writes `Span.events` (trace.proto, field 11), tag and length included. */
  write(bytes: Uint8Array, view: DataView, pos: number): number {
    bytes[pos] = 0x5a;
    bytes[pos + 2] = 0x09;
    view.setInt32(pos + 3, this.#lo, true);
    view.setInt32(pos + 7, this.#hi, true);
    bytes[pos + 11] = 0x12;
    let end = writeText(bytes, view, pos + 12, this.name);
    end = this.#attributes.write(bytes, view, end, 0x1a);
    if (this.#attributes.dropped) {
      bytes[end] = 0x20;
      end = writeVarint(bytes, end + 1, this.#attributes.dropped);
    }
    return closeLength(bytes, pos + 1, end);
  }
}
