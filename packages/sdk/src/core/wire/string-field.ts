import { utf8Length, writeUtf8 } from './utf8.js';
import { varintSize, writeVarint } from './varint.js';

/** A string field with a one-byte tag; no bytes for an empty string, which is the default of the field. */
export function stringField(tag: number, text: string | undefined): Uint8Array {
  const length = utf8Length(text ?? '');
  const field = new Uint8Array(length && 1 + varintSize(length) + length);
  if (length) {
    field[0] = tag;
    writeUtf8(field, writeVarint(field, 1, length), text!);
  }
  return field;
}
