import type { Attributes } from '@opentelemetry/api';
import { anyValueBound, writeAnyValue, writeText } from '../wire/any-value.js';
import { utf8Length } from '../wire/utf8.js';
import { closeLength } from '../wire/varint.js';

/** What a `KeyValue` needs beside its key and its value: three tags, three lengths. */
const keyValueFrame = 14;

/** Writes fields one behind the other into a small memory of its own, as long as they fit; what does not fit leaves nothing. */
export interface FieldWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  /** A `KeyValue` (common.proto) at `at`; the position behind it, or -1 where it does not fit. */
  keyValue(at: number, tag: number, key: string, value: unknown): number;
  /** As many attributes as fit; what does not is counted in `dropped`. */
  attributes(at: number, tag: number, attributes: Attributes | undefined): number;
  text(at: number, tag: number, text: string): number;
  /** How many the last call of `attributes` left out. */
  readonly dropped: number;
}

/** Strings, numbers, booleans, and arrays; anything else is no attribute. */
export function isAttribute(value: unknown): boolean {
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' || Array.isArray(value);
}

/** Whether `text` takes at most so many bytes. Counted only where it might be more: small engines count a microsecond for a character. */
export const fitsBytes = (text: string, bytes: number): boolean =>
  text.length * 3 <= bytes || utf8Length(text) <= bytes;

export function createFieldWriter(maxBytes: number): FieldWriter {
  const bytes = new Uint8Array(maxBytes);
  const view = new DataView(bytes.buffer);
  const fits = (key: string, value: unknown, room: number): boolean =>
    typeof value === 'string'
      ? (key.length + value.length) * 3 <= room || utf8Length(key) + utf8Length(value) <= room
      : fitsBytes(key, room - anyValueBound(value));
  const writer: FieldWriter & { dropped: number } = {
    bytes,
    view,
    dropped: 0,
    keyValue(at, tag, key, value) {
      if (!fits(key, value, maxBytes - at - keyValueFrame)) return -1;
      bytes[at] = tag;
      bytes[at + 2] = 0x0a;
      const valueAt = writeText(bytes, view, at + 3, key);
      bytes[valueAt] = 0x12;
      return closeLength(
        bytes,
        at + 1,
        closeLength(bytes, valueAt + 1, writeAnyValue(bytes, view, valueAt + 2, value)),
      );
    },
    attributes(at, tag, attributes = {}) {
      writer.dropped = 0;
      for (const key in attributes) {
        const value = attributes[key];
        if (!isAttribute(value)) continue;
        const end = writer.keyValue(at, tag, key, value);
        if (end < 0) writer.dropped++;
        else at = end;
      }
      return at;
    },
    text(at, tag, text) {
      if (!fitsBytes(text, maxBytes - at - 6)) return -1;
      bytes[at] = tag;
      return writeText(bytes, view, at + 1, text);
    },
  };
  return writer;
}

/** The beginning of `text` that takes at most `maxBytes` in UTF-8. */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  for (let over = utf8Length(text) - maxBytes; over > 0 && text; over = utf8Length(text) - maxBytes)
    text = text.slice(0, text.length - Math.ceil(over / 3));
  return text;
}
