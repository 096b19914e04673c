import type { Attributes } from '@opentelemetry/api';
import type { InstrumentationScope } from '../trace/readable-span.js';
import { encodeAttributes } from './encode-attributes.js';
import { stringField } from './string-field.js';
import { varintSize, writeVarint } from './varint.js';

/** A scope's share of `ScopeSpans` (or `ScopeLogs`, `ScopeMetrics`: the numbers are the same), encoded once and copied. */
export interface EncodedScope {
  /** Field 1, `scope`. Empty where nothing is known. */
  readonly head: Uint8Array;
  /** Field 3, `schema_url`. Empty where there is none. */
  readonly tail: Uint8Array;
}

/** Encodes an `InstrumentationScope` (common.proto). */
export function encodeScope(scope: InstrumentationScope): EncodedScope {
  const parts = [
    stringField(0x0a, scope.name),
    stringField(0x12, scope.version),
    encodeAttributes(0x1a, scope.attributes ?? ({} as Attributes)),
  ];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = new Uint8Array(length && 1 + varintSize(length) + length);
  if (length) {
    head[0] = 0x0a;
    let at = writeVarint(head, 1, length);
    for (const part of parts) {
      head.set(part, at);
      at += part.length;
    }
  }
  return { head, tail: stringField(0x1a, scope.schemaUrl) };
}
