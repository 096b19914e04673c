/**
 * Writes protobuf into memory that grows. Made for few bytes of code: a message's length is put in front of it when it is complete, by moving
 * it. `core/wire` is some five times quicker and larger.
 */
export interface Writer {
  readonly length: number;
  varint(value: number): void;
  /** Fixed 64 bits (tag of wire type 1) or, of those, the lower 32 (type 5); a `bigint` as an integer, a number as a double. */
  fixed(tag: number, value: number | bigint): void;
  raw(bytes: ArrayLike<number>): void;
  /** A length-delimited field with what `write` writes. */
  nested(tag: number, write: () => void): void;
  /** UTF-8, lone surrogates as U+FFFD; nothing for `undefined`. */
  text(tag: number, text: string | undefined): void;
  /** Bytes given as hex digits. */
  hex(tag: number, digits: string): void;
  /** A varint field; nothing for zero and `undefined`. */
  count(tag: number, value: number | undefined): void;
  /** A repeated `KeyValue` field. */
  attributes(tag: number, values: Readonly<Record<string, unknown>> | undefined): void;
  /** Forgets what was written after the first `length` bytes. */
  cut(length: number): void;
  bytes(): Uint8Array;
}

export function createWriter(): Writer {
  let memory = new Uint8Array(1024);
  let at = 0;
  const view = new DataView(new ArrayBuffer(8));

  const room = (more: number): void => {
    if (at + more <= memory.length) return;
    const larger = new Uint8Array((at + more) * 2);
    larger.set(memory);
    memory = larger;
  };
  const byte = (value: number): void => {
    room(1);
    memory[at++] = value;
  };
  const varint = (value: number): void => {
    // Two's complement in ten bytes.
    if (value < 0) {
      let bits = BigInt.asUintN(64, BigInt(value));
      for (; bits > 127n; bits >>= 7n) byte(Number(bits & 127n) | 128);
      value = 1;
    }
    for (; value > 127; value = Math.floor(value / 128)) byte((value % 128) | 128);
    byte(value);
  };

  const writer: Writer = {
    get length() {
      return at;
    },
    varint,
    fixed(tag, value) {
      if (typeof value === 'bigint') view.setBigUint64(0, value, true);
      else view.setFloat64(0, value, true);
      varint(tag);
      writer.raw(new Uint8Array(view.buffer, 0, (tag & 7) > 1 ? 4 : 8));
    },
    raw(bytes) {
      room(bytes.length);
      memory.set(bytes, at);
      at += bytes.length;
    },
    nested(tag, write) {
      byte(tag);
      byte(0);
      const start = at;
      write();
      const length = at - start;
      memory[start - 1] = length;
      if (length > 127) {
        varint(length);
        const head = memory.slice(start + length, at--);
        memory.copyWithin(start - 1 + head.length, start, start + length);
        memory.set(head, start - 1);
      }
    },
    text(tag, text) {
      if (text === undefined) return;
      writer.nested(tag, () => {
        for (let i = 0; i < text.length; i++) {
          let point = text.codePointAt(i)!;
          if (point < 128) byte(point);
          else {
            if (point > 0xffff) i++;
            else if (point >> 11 === 27) point = 0xfffd;
            let more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
            byte(((0xff00 >> (more + 1)) & 0xff) | (point >> (6 * more)));
            while (more--) byte(128 | ((point >> (6 * more)) & 63));
          }
        }
      });
    },
    hex(tag, digits) {
      byte(tag);
      byte(digits.length / 2);
      for (let i = 0; i < digits.length; i += 2) byte(Number.parseInt(digits.slice(i, i + 2), 16));
    },
    count(tag, value) {
      if (!value) return;
      byte(tag);
      varint(value);
    },
    attributes(tag, values) {
      for (const key in values) {
        writer.nested(tag, () => {
          writer.text(10, key);
          anyValue(18, values[key]);
        });
      }
    },
    cut(length) {
      at = length;
    },
    bytes: () => memory.slice(0, at),
  };

  const anyValue = (tag: number, value: unknown): void =>
    writer.nested(tag, () => {
      if (typeof value === 'string') writer.text(10, value);
      else if (Array.isArray(value)) {
        writer.nested(42, () => {
          for (const item of value) anyValue(10, item);
        });
      } else if (typeof value === 'boolean' || Number.isSafeInteger(value)) {
        byte(value === !!value ? 16 : 24);
        varint(Number(value));
      } else if (typeof value === 'number') writer.fixed(33, value);
    });

  return writer;
}
