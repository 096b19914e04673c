/** Writes a protobuf message front to back. Not for the hot path: nested messages are written apart and copied in. */
export class ProtobufWriter {
  private buffer = Buffer.allocUnsafe(1024);
  private length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const buffer = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + count));
    this.buffer.copy(buffer, 0, 0, this.length);
    this.buffer = buffer;
  }

  varint(value: number | bigint): this {
    this.reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.buffer[this.length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.length++] = Number(rest);
    return this;
  }

  tag(field: number, wire: 0 | 1 | 2 | 5): this {
    return this.varint((field << 3) | wire);
  }

  bytes(field: number, content: Uint8Array): this {
    this.tag(field, 2).varint(content.length);
    this.reserve(content.length);
    this.buffer.set(content, this.length);
    this.length += content.length;
    return this;
  }

  string(field: number, text: string): this {
    return this.bytes(field, Buffer.from(text));
  }

  fixed64(field: number, value: bigint): this {
    this.tag(field, 1).reserve(8);
    this.length = this.buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.length);
    return this;
  }

  double(field: number, value: number): this {
    this.tag(field, 1).reserve(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
    return this;
  }

  fixed32(field: number, value: number): this {
    this.tag(field, 5).reserve(4);
    this.length = this.buffer.writeUInt32LE(value >>> 0, this.length);
    return this;
  }

  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}
