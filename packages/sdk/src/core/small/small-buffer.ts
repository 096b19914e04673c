import type { OpenBuffer, Priority } from '../batch.js';
import type { InstrumentationScope } from '../trace/readable-span.js';
import { attributes, type FieldValue, message } from './protobuf.js';

/** The open side of a batch, for encoders that make whole messages. */
export interface SmallBuffer extends OpenBuffer {
  add(scope: InstrumentationScope, span: ArrayLike<number>): void;
}

/** Keeps finished spans by scope, and joins them when the batch is sealed. */
export function createSmallBuffer(priority: Priority): SmallBuffer {
  const scopes = new Map<InstrumentationScope, FieldValue[]>();
  const buffer: SmallBuffer & { items: number; byteLength: number } = {
    signal: 'traces',
    priority,
    items: 0,
    byteLength: 0,
    add(scope, span) {
      const { name, version, schemaUrl } = scope;
      let fields = scopes.get(scope);
      if (!fields) {
        fields = [10, message([10, name, 18, version, ...attributes(26, scope.attributes)]), 26, schemaUrl];
        scopes.set(scope, fields);
      }
      fields.push(18, new Uint8Array(span));
      buffer.items++;
      buffer.byteLength += span.length + 4;
    },
    take({ bytes, schemaUrl }) {
      const { items } = buffer;
      if (!items) return undefined;
      const spans = [...scopes.values()].flatMap((fields) => [18, message(fields)]);
      scopes.clear();
      buffer.items = buffer.byteLength = 0;
      return { bytes: new Uint8Array(message([10, message([10, bytes, ...spans, 26, schemaUrl])])), items };
    },
  };
  return buffer;
}
