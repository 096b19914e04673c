/**
 * Walks the fields of a protobuf message without copying: `next` goes to the next field, then `field`, `wireType` and the
 * bounds of its content stand. It ends, with `damaged` set, at anything that is not well formed; it never reads past `limit`.
 */
export class FieldReader {
  readonly bytes: Uint8Array;
  field = 0;
  wireType = 0;
  /** Where the field's tag begins, and its content; where it ends. The content of a varint is the varint. */
  tagStart = 0;
  start = 0;
  end: number;
  damaged = false;
  /** The value of a varint field (or the length of a delimited one), its halves as int32. */
  lo = 0;
  hi = 0;
  readonly #limit: number;

  constructor(bytes: Uint8Array, start = 0, limit = bytes.length) {
    this.bytes = bytes;
    this.end = start;
    this.#limit = limit;
  }

  next(): boolean {
    this.tagStart = this.end;
    if (this.end >= this.#limit) return false;
    let pos = this.varint(this.end);
    this.field = this.lo >>> 3;
    this.wireType = this.lo & 7;
    this.start = pos;
    switch (this.wireType) {
      case 0:
        pos = this.varint(pos);
        break;
      case 1:
        pos += 8;
        break;
      case 2:
        pos = this.start = this.varint(pos);
        pos = this.hi ? Number.POSITIVE_INFINITY : pos + (this.lo >>> 0);
        break;
      case 5:
        pos += 4;
        break;
      default:
        pos = Number.POSITIVE_INFINITY;
    }
    if (pos > this.#limit) {
      this.damaged = true;
      this.end = this.#limit;
      return false;
    }
    this.end = pos;
    return true;
  }

  /** Reads the varint at `pos` into `lo` and `hi` and returns the position behind it; Infinity where it does not end. */
  varint(pos: number): number {
    this.lo = 0;
    this.hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= this.#limit) break;
      const byte = this.bytes[pos++]!;
      const part = byte & 127;
      if (shift < 32) this.lo |= part << shift;
      if (shift > 31) this.hi |= part << (shift - 32);
      else if (shift === 28) this.hi |= part >> 4;
      if (byte < 128) return pos;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The content as a message of its own. */
  message(): FieldReader {
    return new FieldReader(this.bytes, this.start, this.end);
  }
}
