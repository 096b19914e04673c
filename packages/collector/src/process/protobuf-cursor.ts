import { Malformed } from './malformed.js';

/**
 * A place in protobuf bytes, and the steps that every reader of it takes. All of it throws `Malformed` where the bytes end before what they
 * announce. For the hot path: results stand in fields, nothing is allocated.
 */
export class ProtobufCursor {
  protected source: Uint8Array = new Uint8Array(0);
  protected view: DataView = new DataView(new ArrayBuffer(0));
  protected position = 0;
  /** A varint's halves, unsigned. */
  protected low = 0;
  protected high = 0;

  protected varint(end: number): void {
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

  protected tag(end: number): number {
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
  protected content(end: number): number {
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

  protected uint32(end: number): number {
    const position = this.position;
    if (position < end && this.source[position]! < 128) {
      this.position = position + 1;
      return this.source[position]!;
    }
    this.varint(end);
    return this.low;
  }

  protected skip(tag: number, end: number): void {
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
  protected fixed(size: number, end: number): number {
    const at = this.position;
    this.position = at + size;
    if (this.position > end) throw new Malformed('a field that ends after its message');
    return at;
  }
}
