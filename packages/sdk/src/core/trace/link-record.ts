import type { Attributes, Link, SpanContext } from '@opentelemetry/api';
import { writeText } from '../wire/any-value.js';
import { closeLength, writeVarint } from '../wire/varint.js';
import { AttributeBag, type AttributeRules } from './attribute-bag.js';
import { identityOf, noIdentity, writeIds } from './span-identity.js';
import { wireFlags } from './trace-flags.js';

/** A link as it waits in its span; readable and writable as OpenTelemetry's `Link`. */
export class LinkRecord implements Link {
  context: SpanContext;
  readonly #attributes: AttributeBag;

  constructor(rules: AttributeRules, link: Link) {
    this.context = link.context;
    this.#attributes = new AttributeBag(rules);
    if (link.attributes) this.#attributes.setAll(link.attributes);
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
    return 64 + (this.context.traceState?.serialize().length ?? 0) * 3 + this.#attributes.bound();
  }

  /** Writes `Span.links` (trace.proto, field 13), tag and length included. */
  write(bytes: Uint8Array, view: DataView, pos: number): number {
    const { context } = this;
    const identity = identityOf(context) ?? noIdentity;
    bytes[pos] = 0x6a;
    let end = writeIds(view, pos + 2, identity);
    const state = context.traceState?.serialize();
    if (state) {
      bytes[end] = 0x1a;
      end = writeText(bytes, view, end + 1, state);
    }
    end = this.#attributes.write(bytes, view, end, 0x22);
    if (this.#attributes.dropped) {
      bytes[end] = 0x28;
      end = writeVarint(bytes, end + 1, this.#attributes.dropped);
    }
    bytes[end] = 0x35;
    view.setInt32(end + 1, wireFlags(identity.flags, identity.flags), true);
    return closeLength(bytes, pos + 1, end + 5);
  }
}
