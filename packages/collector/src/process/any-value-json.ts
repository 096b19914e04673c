import { Malformed } from './malformed.js';
import { doubleText, int64Text } from './number-text.js';

/** Arrays and maps inside of one another, at most. What lies deeper is written as `null`; nobody reads it and it costs stack. */
const MAX_DEPTH = 32;

const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });
const MAX_SAFE_HIGH = 0x200000;

/**
 * An `ArrayValue` or `KeyValueList` between `start` and `end` as JSON; see store/attribute-types.ts for what JSON cannot say.
 * Throws `Malformed`.
 */
export function arrayJson(source: Uint8Array, start: number, end: number, depth = 1): string {
  const items: string[] = [];
  const reader = new FieldReader(source, start, end);
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 2) items.push(anyValueJson(source, reader.from, reader.to, depth));
  }
  return `[${items.join(',')}]`;
}

export function mapJson(source: Uint8Array, start: number, end: number, depth = 1): string {
  const entries = new Map<string, string>();
  const reader = new FieldReader(source, start, end);
  while (reader.next()) {
    if (reader.field !== 1 || reader.wire !== 2) continue;
    let key = '';
    let value = 'null';
    const entry = new FieldReader(source, reader.from, reader.to);
    while (entry.next()) {
      if (entry.wire !== 2) continue;
      if (entry.field === 1) key = TEXT.decode(source.subarray(entry.from, entry.to));
      else if (entry.field === 2) value = anyValueJson(source, entry.from, entry.to, depth);
    }
    entries.set(key, value);
  }
  return `{${Array.from(entries, ([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
}

function anyValueJson(source: Uint8Array, start: number, end: number, depth: number): string {
  let json = 'null';
  const reader = new FieldReader(source, start, end);
  while (reader.next()) {
    const { field, wire, from, to } = reader;
    if (field === 1 && wire === 2) json = JSON.stringify(TEXT.decode(source.subarray(from, to)));
    else if (field === 2 && wire === 0) json = reader.low === 0 && reader.high === 0 ? 'false' : 'true';
    else if (field === 3 && wire === 0) json = intJson(reader.low, reader.high);
    else if (field === 4 && wire === 1)
      json = doubleJson(new DataView(source.buffer, source.byteOffset + from, 8).getFloat64(0, true));
    else if (field === 5 && wire === 2) json = depth >= MAX_DEPTH ? 'null' : arrayJson(source, from, to, depth + 1);
    else if (field === 6 && wire === 2) json = depth >= MAX_DEPTH ? 'null' : mapJson(source, from, to, depth + 1);
    else if (field === 7 && wire === 2)
      json = `{"$bytes":"${Buffer.from(source.subarray(from, to)).toString('base64')}"}`;
  }
  return json;
}

function intJson(low: number, high: number): string {
  const text = int64Text(low, high);
  const isSafe = high < MAX_SAFE_HIGH || high >= 0x1_0000_0000 - MAX_SAFE_HIGH;
  return isSafe ? text : `{"$int":"${text}"}`;
}

function doubleJson(value: number): string {
  if (!Number.isFinite(value)) return `{"$double":"${doubleText(value)}"}`;
  const text = doubleText(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Steps over the fields of a message. Not for the hot path. */
export class FieldReader {
  field = 0;
  wire = 0;
  /** Where the content lies: of a length-delimited or fixed field. */
  from = 0;
  to = 0;
  /** A varint's halves, unsigned. */
  low = 0;
  high = 0;
  private readonly source: Uint8Array;
  private position: number;
  private readonly end: number;

  constructor(source: Uint8Array, start: number, end: number) {
    this.source = source;
    this.position = start;
    this.end = end;
  }

  next(): boolean {
    if (this.position >= this.end) return false;
    this.varint();
    const tag = this.low;
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw new Malformed('a field with number 0');
    if (this.wire === 0) {
      this.varint();
      return true;
    }
    let count: number;
    if (this.wire === 2) {
      this.varint();
      if (this.high !== 0) throw new Malformed('a length beyond the message');
      count = this.low;
    } else if (this.wire === 1) count = 8;
    else if (this.wire === 5) count = 4;
    else throw new Malformed(`wire type ${this.wire}`);
    this.from = this.position;
    this.to = this.position + count;
    if (this.to > this.end) throw new Malformed('a field that ends after its message');
    this.position = this.to;
    return true;
  }

  private varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) throw new Malformed('a number that is cut off');
      const byte = this.source[this.position++]!;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else if (shift < 70) high |= bits << (shift - 32);
      if (byte < 128) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new Malformed('a number of more than ten bytes');
  }
}
