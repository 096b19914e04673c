import { Malformed } from './malformed.js';

const NOTHING = new Uint8Array(0);
const NOTHING_VIEW = new DataView(NOTHING.buffer);

/**
 * A place in protobuf bytes, and the steps that every reader of it takes. All of it throws `Malformed` where the bytes end before what they
 * announce. For the hot path: results stand in fields, nothing is allocated.
 */
export class ProtobufCursor {
  source: Uint8Array = NOTHING;
  view: DataView = NOTHING_VIEW;
  position = 0;
  /** A varint's halves, unsigned. */
  low = 0;
  high = 0;

  open(source: Uint8Array): void {
    this.source = source;
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    this.position = 0;
  }

  /** Lets go of the bytes: their memory is somebody else's again. */
  close(): void {
    this.source = NOTHING;
    this.view = NOTHING_VIEW;
  }

  varint(end: number): void {
    const source = this.source;
    let position = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw new Malformed('a number that is cut off');
      const byte = source[position++]!;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= bits << 31;
      if (byte < 128) {
        this.position = position;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new Malformed('a number of more than ten bytes');
  }

  tag(end: number): number {
    const byte = this.source[this.position]!;
    if (byte < 128) {
      this.position++;
      if (byte < 8) throw new Malformed('a field with number 0');
      return byte;
    }
    this.varint(end);
    if (this.high !== 0 || this.low < 8) throw new Malformed('a field with an impossible number');
    return this.low;
  }

  /** The end of a length-delimited field's content, which begins at `position`. */
  content(end: number): number {
    const position = this.position;
    let count: number;
    if (position < end && this.source[position]! < 128) {
      count = this.source[position]!;
      this.position = position + 1;
    } else {
      this.varint(end);
      if (this.high !== 0) throw new Malformed('a length beyond the message');
      count = this.low;
    }
    const to = this.position + count;
    if (to > end) throw new Malformed('a field that ends after its message');
    return to;
  }

  uint32(end: number): number {
    const position = this.position;
    if (position < end && this.source[position]! < 128) {
      this.position = position + 1;
      return this.source[position]!;
    }
    this.varint(end);
    return this.low;
  }

  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.varint(end);
        return;
      case 1:
        this.fixed(8, end);
        return;
      case 2:
        this.position = this.content(end);
        return;
      case 5:
        this.fixed(4, end);
        return;
      default:
        throw new Malformed(`wire type ${tag & 7}`);
    }
  }

  /** Steps over a fixed field and says where it was. */
  fixed(size: number, end: number): number {
    const at = this.position;
    this.position = at + size;
    if (this.position > end) throw new Malformed('a field that ends after its message');
    return at;
  }

  /** Where the content of the last number with this tag begins, between `position` and `end`; -1 when there is none. `position` stays. */
  find(wanted: number, end: number): number {
    const begun = this.position;
    let found = -1;
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === wanted) found = this.position;
      this.skip(tag, end);
    }
    this.position = begun;
    return found;
  }

  /** `find` for a varint of at most 32 bits; 0 when there is none. */
  findUint32(wanted: number, end: number): number {
    const at = this.find(wanted, end);
    if (at < 0) return 0;
    const begun = this.position;
    this.position = at;
    const value = this.uint32(end);
    this.position = begun;
    return value;
  }

  /** A zigzag-encoded 32-bit number. */
  sint32(end: number): number {
    const value = this.uint32(end);
    return (value >>> 1) ^ -(value & 1);
  }
}
