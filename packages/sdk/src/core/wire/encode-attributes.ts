import { type AttributeList, attributesBound, writeAttributes } from './attributes.js';
import { EncodedKey } from './encoded-key.js';

/**
 * A repeated `KeyValue` field of what is encoded once: a resource, a scope. Absent values are left out, all others are written
 * as `writeAnyValue` says.
 */
export function encodeAttributes(tag: number, attributes: Readonly<Record<string, unknown>>): Uint8Array {
  const list: AttributeList = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) list.push(new EncodedKey(key, false), value);
  }
  const bytes = new Uint8Array(attributesBound(list));
  return bytes.slice(0, writeAttributes(bytes, new DataView(bytes.buffer), 0, tag, list));
}
