import type { OpenBuffer, Priority } from '../batch.js';
import type { InstrumentationScope } from '../trace/readable-span.js';
import { attributes, type Bytes, field, text } from './protobuf.js';

/** The open side of a batch, for encoders that make whole messages. */
export interface SmallBuffer extends OpenBuffer {
  add(scope: InstrumentationScope, span: Bytes): void;
}

/** Fragments in the order they came, one message after the other, and joined by scope when the batch is sealed. */
export function createSmallBuffer(priority: Priority): SmallBuffer {
  let scopes = new Map<InstrumentationScope, Bytes>();
  const buffer: SmallBuffer & { items: number; byteLength: number } = {
    signal: 'traces',
    priority,
    items: 0,
    byteLength: 0,
    add(scope, span) {
      let spans = scopes.get(scope);
      if (!spans) {
        const head: Bytes = [];
        spans = [];
        text(head, 10, scope.name);
        text(head, 18, scope.version);
        attributes(head, 26, scope.attributes);
        field(spans, 10, head);
        text(spans, 26, scope.schemaUrl);
        scopes.set(scope, spans);
      }
      const before = spans.length;
      field(spans, 18, span);
      buffer.items++;
      buffer.byteLength += spans.length - before;
    },
    take(resource) {
      const { items } = buffer;
      if (!items) return undefined;
      const request: Bytes = [];
      const all: Bytes = [];
      field(all, 10, resource.bytes);
      for (const spans of scopes.values()) field(all, 18, spans);
      text(all, 26, resource.schemaUrl);
      field(request, 10, all);
      scopes = new Map();
      buffer.items = buffer.byteLength = 0;
      return { bytes: new Uint8Array(request), items };
    },
  };
  return buffer;
}
