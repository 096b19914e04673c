import type { AttributeValue } from '../shapes/api.js';
import { ATTRIBUTE_TYPE } from '../store/attribute-types.js';

/*
 * The table keeps attribute values as strings, with one letter per value that says what it was (store/attribute-types.ts). These
 * functions give the value back. JSON text is put together from the stored strings, without objects in between: a trace of
 * 50,000 spans has half a million attributes.
 */

/** `{"key":value,…}` for a map that was read as its keys and its values. */
export function attributesJson(keys: readonly string[], values: readonly string[], types: string): string {
  let json = '{';
  for (let index = 0; index < keys.length; index++) {
    json += `${index === 0 ? '' : ','}${textJson(keys[index]!)}:${valueJson(values[index] ?? '', types[index])}`;
  }
  return `${json}}`;
}

/** Nothing that JSON must escape: no quote, backslash, control character or half of a surrogate pair. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** A string as JSON. Most need no escape, and finding that out is several times cheaper than having it written. */
export function textJson(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** One value as JSON text. An unknown or missing letter is a string: nothing stored can make an answer unreadable. */
export function valueJson(value: string, type: string | undefined): string {
  switch (type) {
    case ATTRIBUTE_TYPE.bool:
      return value === 'true' ? 'true' : 'false';
    case ATTRIBUTE_TYPE.int:
      return intJson(value);
    case ATTRIBUTE_TYPE.double: {
      const number = Number(value);
      return value !== '' && Number.isFinite(number) ? JSON.stringify(number) : `{"$double":${JSON.stringify(value)}}`;
    }
    case ATTRIBUTE_TYPE.bytes:
      return `{"$bytes":${JSON.stringify(value)}}`;
    case ATTRIBUTE_TYPE.array:
    case ATTRIBUTE_TYPE.map:
      return nestedJson(value);
    case ATTRIBUTE_TYPE.empty:
      return 'null';
    default:
      return textJson(value);
  }
}

export function attributeValue(value: string, type: string | undefined): AttributeValue {
  return type === undefined || type === ATTRIBUTE_TYPE.string
    ? value
    : (JSON.parse(valueJson(value, type)) as AttributeValue);
}

function intJson(value: string): string {
  if (!/^-?(?:0|[1-9]\d{0,19})$/.test(value)) return JSON.stringify(value);
  if (value.length <= 15) return value === '-0' ? '0' : value;
  return Number.isSafeInteger(Number(value)) ? value : `{"$int":${JSON.stringify(value)}}`;
}

function nestedJson(value: string): string {
  try {
    // Read once: what another writer put there under our letter may be no JSON at all.
    return JSON.stringify(JSON.parse(value));
  } catch {
    return JSON.stringify(value);
  }
}
