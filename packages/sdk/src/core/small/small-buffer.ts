import type { OpenBuffer, Priority } from '../batch.js';
import type { InstrumentationScope, ReadableSpan } from '../trace/readable-span.js';
import { encodeSpan } from './encode-span.js';
import { createWriter, type Writer } from './protobuf.js';

/** The open side of a batch of spans. */
export interface SmallBuffer extends OpenBuffer {
  /** Throws for a span that has no form on the wire, and keeps nothing of it. */
  add(span: ReadableSpan): void;
}

/** Encodes each span behind those of its scope, and joins the scopes when the batch is sealed. */
export function createSmallBuffer(priority: Priority): SmallBuffer {
  const scopes = new Map<InstrumentationScope, Writer>();
  const buffer: SmallBuffer & { items: number; byteLength: number } = {
    signal: 'traces',
    priority,
    items: 0,
    byteLength: 0,
    add(span) {
      const scope = span.instrumentationScope;
      let writer = scopes.get(scope);
      if (!writer) {
        const spans = createWriter();
        spans.nested(10, () => {
          spans.text(10, scope.name);
          spans.text(18, scope.version);
          spans.attributes(26, scope.attributes);
        });
        spans.text(26, scope.schemaUrl);
        writer = spans;
        scopes.set(scope, writer);
      }
      const before = writer.length;
      try {
        encodeSpan(writer, span);
      } catch (error) {
        writer.cut(before);
        throw error;
      }
      buffer.items++;
      buffer.byteLength += writer.length - before;
    },
    take({ bytes, schemaUrl }) {
      const { items } = buffer;
      if (!items) return undefined;
      const request = createWriter();
      request.nested(10, () => {
        request.nested(10, () => request.raw(bytes));
        for (const spans of scopes.values()) request.nested(18, () => request.raw(spans.bytes()));
        request.text(26, schemaUrl || undefined);
      });
      scopes.clear();
      buffer.items = buffer.byteLength = 0;
      return { bytes: request.bytes(), items };
    },
  };
  return buffer;
}
