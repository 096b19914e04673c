import type { OpenBuffer, Priority, Signal } from '../batch.js';
import { FieldReader } from '../wire/field-reader.js';

/**
 * What one part of a program hands to the outbox of another: fragments with their scopes, as they stand in a request, without a resource
 * and without an id. The owner of the outbox joins its resource and seals them with its own. Copied by structured clone as it is.
 */
export interface Parcel {
  readonly v: 1;
  readonly signal: Signal;
  readonly priority: Priority;
  /** Spans, data points or log records inside. */
  readonly items: number;
  /** `ScopeSpans`, `ScopeMetrics` or `ScopeLogs` fields, one behind the other. Exactly its own memory: it may be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const noResource = { bytes: /* @__PURE__ */ new Uint8Array(0), schemaUrl: '' };
/** Of `ResourceSpans` and its kin: `scope_spans`. */
const SCOPES = 2;

/** Empties a buffer into a parcel; `undefined` when nothing was in it. */
export function packParcel(buffer: OpenBuffer): Parcel | undefined {
  const taken = buffer.take(noResource);
  if (!taken) return undefined;
  const pieces: Uint8Array[] = [];
  for (const request = new FieldReader(taken.bytes); request.next(); ) {
    for (const each = request.message(); each.next(); ) {
      if (each.field === SCOPES) pieces.push(taken.bytes.subarray(each.tagStart, each.end));
    }
  }
  const { signal, priority } = buffer;
  return { v: 1, signal, priority, items: taken.items, bytes: joined(pieces) };
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
