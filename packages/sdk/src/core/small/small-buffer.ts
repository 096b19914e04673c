import type { OpenBuffer, Priority } from '../batch.js';
import { type Bytes, field, join, text } from './protobuf.js';

/** The open side of a batch of spans. */
export interface SmallBuffer extends OpenBuffer {
  /** A span behind those of its scope; `scope` is the same value for the same scope. */
  add(scope: Bytes, span: Uint8Array): void;
}

/** Keeps each span's bytes with those of its scope; they are joined when the batch is sealed. */
export function createSmallBuffer(priority: Priority): SmallBuffer {
  const scopes = new Map<Bytes, (Bytes | Uint8Array)[]>();
  const buffer: SmallBuffer & { items: number; byteLength: number } = {
    signal: 'traces',
    priority,
    items: 0,
    byteLength: 0,
    add(scope, span) {
      scopes.get(scope)?.push(span) ?? scopes.set(scope, [scope, span]);
      buffer.items++;
      buffer.byteLength += span.length;
    },
    take(resource) {
      const { items } = buffer;
      const spans = [...scopes.values()].map((each) => field(18, each));
      scopes.clear();
      buffer.items = buffer.byteLength = 0;
      return items
        ? { bytes: join(field(10, field(10, resource.bytes), spans, text(26, resource.schemaUrl || undefined))), items }
        : undefined;
    },
  };
  return buffer;
}
