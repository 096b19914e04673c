import type { AttributeValue } from '@opentelemetry/api';

/** `text` cut to `limit` UTF-16 units, one less where a surrogate pair would be torn. */
export const cutText = (text: string, limit: number): string =>
  text.length <= limit ? text : text.slice(0, text.codePointAt(limit - 1)! > 0xffff ? limit - 1 : limit);

/**
 * What is recorded of `value`: a primitive as it is, strings and bytes cut to `lengthLimit`, an array copied because its owner may change
 * it. `undefined` for what is no attribute value (specification "Common", "Attribute"): null, functions, objects, arrays of mixed
 * types. Elements of an array may be null. Beyond the API's types a bigint and bytes are taken, as both have a form on the wire.
 */
export function attributeValue(value: unknown, lengthLimit: number): AttributeValue | undefined {
  if (typeof value === 'string') return cutText(value, lengthLimit);
  if (Array.isArray(value)) {
    let type = '';
    const copy: unknown[] = [];
    for (const item of value) {
      if (item !== null && item !== undefined) {
        if (!isPrimitive(item) || (type && typeof item !== type)) return undefined;
        type = typeof item;
      }
      copy.push(typeof item === 'string' ? cutText(item, lengthLimit) : item);
    }
    return copy as AttributeValue;
  }
  if (isPrimitive(value)) return value as AttributeValue;
  // A copy also of Node's `Buffer`, whose `slice` is a view.
  return value instanceof Uint8Array
    ? (new Uint8Array(value.subarray(0, lengthLimit)) as unknown as AttributeValue)
    : undefined;
}

/** A string, number, boolean or bigint. */
const isPrimitive = (value: unknown): boolean => /^(b|n|st)/.test(typeof value);
