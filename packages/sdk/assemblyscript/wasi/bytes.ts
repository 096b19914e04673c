/** Bytes that grow, and the parts of protobuf that spans need. A field number below 16 has a tag of one byte, one below 2048 two. */
export class Bytes {
  private buffer: ArrayBuffer;
  length: i32 = 0;

  constructor(capacity: i32 = 256) {
    this.buffer = new ArrayBuffer(capacity);
  }

  get start(): usize {
    return changetype<usize>(this.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room behind what is there and says where; `length` grows by it. */
  take(count: i32): usize {
    const needed = this.length + count;
    if (needed > this.buffer.byteLength) {
      const larger = new ArrayBuffer(max(needed, this.buffer.byteLength * 2));
      memory.copy(changetype<usize>(larger), this.start, this.length);
      this.buffer = larger;
    }
    const at = this.start + this.length;
    this.length = needed;
    return at;
  }

  u8(value: i32): void {
    store<u8>(this.take(1), <u8>value);
  }

  u32(value: u32): void {
    store<u32>(this.take(4), value);
  }

  u64(value: u64): void {
    store<u64>(this.take(8), value);
  }

  f64(value: f64): void {
    store<f64>(this.take(8), value);
  }

  varint(value: u64): void {
    while (value >= 128) {
      this.u8(<i32>(value & 127) | 128);
      value >>= 7;
    }
    this.u8(<i32>value);
  }

  raw(at: usize, count: i32): void {
    memory.copy(this.take(count), at, count);
  }

  tag(field: i32, wire: i32): void {
    this.varint(<u64>((field << 3) | wire));
  }

  /** A field that counts: left out where it is 0, as proto3 has it. */
  number(field: i32, value: u64): void {
    if (value === 0) return;
    this.tag(field, 0);
    this.varint(value);
  }

  fixed64(field: i32, value: u64): void {
    this.tag(field, 1);
    this.u64(value);
  }

  fixed32(field: i32, value: u32): void {
    this.tag(field, 5);
    this.u32(value);
  }

  bytes(field: i32, at: usize, count: i32): void {
    this.tag(field, 2);
    this.varint(<u64>count);
    this.raw(at, count);
  }

  message(field: i32, content: Bytes): void {
    this.bytes(field, content.start, content.length);
  }

  /** Lone surrogates become U+FFFD: receivers refuse what is no UTF-8. */
  text(field: i32, text: string): void {
    const count = String.UTF8.byteLength(text);
    this.tag(field, 2);
    this.varint(<u64>count);
    String.UTF8.encodeUnsafe(
      changetype<usize>(text),
      text.length,
      this.take(count),
      false,
      String.UTF8.ErrorMode.REPLACE,
    );
  }
}
