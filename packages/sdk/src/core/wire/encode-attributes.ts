import { type AttributeList, attributeBound, writeAttributes } from './attributes.js';
import { EncodedKey, KeyCache } from './encoded-key.js';

/**
 * A repeated `KeyValue` field of what is encoded once: a resource, a scope. Absent values are left out, all others are written
 * as `writeAnyValue` says.
 */
export function encodeAttributes(tag: number, attributes: Readonly<Record<string, unknown>>): Uint8Array {
  const list: AttributeList = [];
  let bound = 0;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    const encoded = new EncodedKey(key, false);
    list.push(encoded, value);
    bound += attributeBound(encoded, value);
  }
  const bytes = new Uint8Array(bound);
  return bytes.slice(0, writeAttributes(bytes, new DataView(bytes.buffer), 0, tag, list, list.length, new KeyCache()));
}
