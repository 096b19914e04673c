import type { OpenBuffer } from '../batch.js';
import { varintSize, writeVarint } from '../wire/varint.js';

/** The open side of a batch in memory that is taken once. */
export interface FixedBatch extends OpenBuffer {
  /** Where spans are written, and how far they may reach. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  /** Where the next span begins. */
  readonly at: number;
  /** A span was written from `at` to `end`. */
  add(end: number): void;
}

/**
 * A batch of spans of one scope. `take` gives a view of this memory: good until the next span is written. `scope` is the field `scope` of
 * `ScopeSpans` (trace.proto), `resourceBytes` what the resource will take at most.
 */
export function createFixedBatch(maxBytes: number, scope: Uint8Array, resourceBytes: number): FixedBatch {
  // In front of the spans: two lengths of the whole, that of the resource, and a tag for each.
  const start = resourceBytes + scope.length + 3 + 2 * varintSize(maxBytes) + varintSize(resourceBytes);
  const bytes = new Uint8Array(maxBytes);
  const batch: FixedBatch & { at: number; items: number; byteLength: number } = {
    signal: 'traces',
    priority: 'normal',
    bytes,
    view: new DataView(bytes.buffer),
    at: start,
    items: 0,
    byteLength: start,
    add(end) {
      batch.at = end;
      batch.byteLength = end;
      batch.items++;
    },
    take(resource) {
      const { at: end, items } = batch;
      batch.at = batch.byteLength = start;
      batch.items = 0;
      if (!items) return undefined;
      // Written towards the front, so that nothing has to move.
      let at = start;
      const prepend = (tag: number, content: Uint8Array | undefined, length: number): void => {
        if (content) {
          at -= length;
          bytes.set(content, at);
        }
        at -= varintSize(length) + 1;
        bytes[at] = tag;
        writeVarint(bytes, at + 1, length);
      };
      at -= scope.length;
      bytes.set(scope, at);
      prepend(0x12, undefined, end - at);
      prepend(0x0a, resource.bytes, resource.bytes.length);
      prepend(0x0a, undefined, end - at);
      return { bytes: bytes.subarray(at, end), items };
    },
  };
  return batch;
}
