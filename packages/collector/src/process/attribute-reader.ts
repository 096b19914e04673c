import { ATTRIBUTE_TYPE } from '../store/attribute-types.js';
import { arrayJson, mapJson } from './any-value-json.js';
import { type LowCardinalityColumn, type StringColumn, viewOf } from './columns.js';
import type { MapColumn } from './map-column.js';
import { appendAscii, appendInt64, doubleText } from './number-text.js';
import { ProtobufCursor } from './protobuf-cursor.js';

export const LETTER = Object.fromEntries(
  Object.entries(ATTRIBUTE_TYPE).map(([name, letter]) => [name, letter.charCodeAt(0)]),
) as Record<keyof typeof ATTRIBUTE_TYPE, number>;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/**
 * Reads `KeyValue`s into map columns: keys by number, values as text, and beside them a letter for each value's type. Between `startMap` and
 * `endMap` stands one map; of a key that comes twice in it the first counts.
 */
export class AttributeReader extends ProtobufCursor {
  // The letters of the map being read.
  private letters = viewOf(new Uint8Array(256));
  private letterCount = 0;
  private hasLetters = false;
  /** Tells the map being read from all others; finds a key that comes twice. */
  private mapNumber = 0;
  private maps = 0;

  startMap(): void {
    this.letterCount = 0;
    this.hasLetters = false;
    this.mapNumber = ++this.maps;
  }

  private readonly outer = { letters: viewOf(new Uint8Array(256)), count: 0, has: false, number: 0 };

  /** A span's own attributes may stand on both sides of an event. */
  suspendMap(): void {
    const { outer } = this;
    const letters = outer.letters;
    outer.letters = this.letters;
    this.letters = letters;
    outer.count = this.letterCount;
    outer.has = this.hasLetters;
    outer.number = this.mapNumber;
  }

  resumeMap(): void {
    const { outer } = this;
    const letters = this.letters;
    this.letters = outer.letters;
    outer.letters = letters;
    this.letterCount = outer.count;
    this.hasLetters = outer.has;
    this.mapNumber = outer.number;
  }

  letter(code: number): void {
    if (this.letterCount === this.letters.byteLength) {
      const letters = new Uint8Array(this.letters.byteLength * 2);
      letters.set(new Uint8Array(this.letters.buffer));
      this.letters = viewOf(letters);
    }
    this.letters.setUint8(this.letterCount++, code);
    if (code !== LETTER.string) this.hasLetters = true;
  }

  endMap(types: LowCardinalityColumn, guess: number): number {
    if (!this.hasLetters) return 0;
    return types.is(guess, this.letters, 0, this.letterCount) ? guess : types.intern(this.letters, 0, this.letterCount);
  }

  /** A `KeyValue` from `position` to `end`. Returns the key's number, -1 when the map has the key already (the first one counts). */
  attribute(target: MapColumn, end: number, guesses: Uint32Array): number {
    const { source, view } = this;
    let keyStart = 0;
    let keyEnd = 0;
    let valueStart = 0;
    let valueEnd = 0;
    const start = this.position;
    // As everybody writes it: the key, then the value, both short.
    if (start + 2 <= end && source[start] === 0x0a && source[start + 1]! < 128) {
      keyStart = start + 2;
      keyEnd = keyStart + source[start + 1]!;
      valueStart = keyEnd + 2;
      if (
        valueStart <= end &&
        source[keyEnd] === 0x12 &&
        source[keyEnd + 1] === end - valueStart &&
        end - valueStart < 128
      )
        this.position = valueEnd = end;
      else keyStart = keyEnd = valueStart = 0;
    }
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x0a) {
        keyEnd = this.content(end);
        keyStart = this.position;
        this.position = keyEnd;
      } else if (tag === 0x12) {
        valueEnd = this.content(end);
        valueStart = this.position;
        this.position = valueEnd;
      } else this.skip(tag, end);
    }
    const { keys } = target;
    const place = this.letterCount & 63;
    let key = guesses[place]!;
    if (!keys.is(key, view, keyStart, keyEnd)) {
      key = keys.intern(view, keyStart, keyEnd);
      guesses[place] = key;
    }
    if (target.hasKey(key, this.mapNumber)) {
      // Still has to be a value: a malformed one makes the request malformed wherever it stands.
      const length = target.values.length;
      this.value(target.values, valueStart, valueEnd);
      target.values.length = length;
      return -1;
    }
    keys.append(key);
    this.letter(this.value(target.values, valueStart, valueEnd));
    return key;
  }

  /** Appends an `AnyValue` (between `start` and `end`) as text and returns its letter. Of several values the last one counts. */
  value(column: StringColumn, start: number, end: number): number {
    const { source } = this;
    const textAt = start + 2;
    // A short text alone, as most are.
    if (textAt <= end && source[start] === 0x0a && end - textAt < 128 && source[start + 1] === end - textAt) {
      this.position = end;
      column.append(this.view, textAt, end);
      return LETTER.string;
    }
    let letter: number = LETTER.empty;
    let from = 0;
    let to = 0;
    let low = 0;
    let high = 0;
    this.position = start;
    while (this.position < end) {
      const tag = this.tag(end);
      switch (tag) {
        case 0x0a:
          to = this.content(end);
          from = this.position;
          this.position = to;
          letter = LETTER.string;
          break;
        case 0x10:
          this.varint(end);
          low = this.low;
          high = this.high;
          letter = LETTER.bool;
          break;
        case 0x18:
          this.varint(end);
          low = this.low;
          high = this.high;
          letter = LETTER.int;
          break;
        case 0x21:
          from = this.fixed(8, end);
          letter = LETTER.double;
          break;
        case 0x2a:
        case 0x32:
        case 0x3a:
          to = this.content(end);
          from = this.position;
          this.position = to;
          letter = tag === 0x2a ? LETTER.array : tag === 0x32 ? LETTER.map : LETTER.bytes;
          break;
        default:
          this.skip(tag, end);
      }
    }
    switch (letter) {
      case LETTER.string:
        column.append(this.view, from, to);
        break;
      case LETTER.int:
        appendInt64(column, low, high);
        break;
      case LETTER.bool:
        column.appendRaw(low === 0 && high === 0 ? FALSE : TRUE);
        break;
      case LETTER.double:
        appendAscii(column, doubleText(this.view.getFloat64(from, true)));
        break;
      case LETTER.array:
        column.appendRaw(Buffer.from(arrayJson(source, from, to)));
        break;
      case LETTER.map:
        column.appendRaw(Buffer.from(mapJson(source, from, to)));
        break;
      case LETTER.bytes:
        column.appendRaw(
          Buffer.from(Buffer.from(source.buffer, source.byteOffset + from, to - from).toString('base64')),
        );
        break;
      default:
        column.appendEmpty();
    }
    return letter;
  }
}
