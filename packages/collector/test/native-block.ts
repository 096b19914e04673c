/*
 * Reads ClickHouse's `Native` format back, slowly and by the book, to check what was written. It knows the types of our tables.
 */
export interface NativeColumn {
  readonly name: string;
  readonly type: string;
  readonly values: readonly unknown[];
}

export function readNative(bytes: Uint8Array): { rows: number; columns: NativeColumn[] } {
  const reader = new NativeReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const columnCount = reader.varint();
  const rows = reader.varint();
  const columns: NativeColumn[] = [];
  for (let i = 0; i < columnCount; i++) {
    const name = reader.string().toString();
    const type = reader.string().toString();
    if (type.includes('LowCardinality')) {
      if (reader.uint64() !== 1n) throw new Error(`${name}: version of the dictionary`);
    }
    columns.push({ name, type, values: reader.values(type, rows) });
  }
  if (!reader.isAtEnd) throw new Error('bytes after the last column');
  return { rows, columns };
}

/** The rows as objects. */
export function nativeRows(bytes: Uint8Array): Record<string, unknown>[] {
  const { rows, columns } = readNative(bytes);
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(({ name, values }) => [name, values[row]])),
  );
}

class NativeReader {
  private at = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  uint64(): bigint {
    this.at += 8;
    return this.bytes.readBigUInt64LE(this.at - 8);
  }

  uint32(): number {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  private fixed<T>(size: number, read: (at: number) => T): T {
    this.at += size;
    return read(this.at - size);
  }

  string(): Buffer {
    const length = this.varint();
    if (this.at + length > this.bytes.length) throw new Error('a string beyond the end');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private text(): string {
    const bytes = this.string();
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  }

  values(type: string, rows: number): unknown[] {
    const array = /^Array\((.*)\)$/.exec(type);
    if (array !== null) {
      const ends = this.ends(rows);
      const flat = this.values(array[1] ?? '', ends.at(-1) ?? 0);
      return slices(flat, ends);
    }
    if (type === 'Map(LowCardinality(String), String)') {
      const ends = this.ends(rows);
      const count = ends.at(-1) ?? 0;
      const keys = this.values('LowCardinality(String)', count);
      const values = this.values('String', count);
      return slices(
        keys.map((key, index) => [key, values[index]]),
        ends,
      );
    }
    if (type === 'LowCardinality(String)') return this.lowCardinality(rows);
    return Array.from({ length: rows }, () => {
      if (type === 'String') return this.text();
      if (type === 'UInt32') return this.uint32();
      if (type === 'UInt64' || type === 'DateTime64(9)') return this.uint64();
      if (type === 'Int32') return this.fixed(4, (at) => this.bytes.readInt32LE(at));
      if (type === 'Int64') return this.fixed(8, (at) => this.bytes.readBigInt64LE(at));
      if (type === 'Float64') return this.fixed(8, (at) => this.bytes.readDoubleLE(at));
      if (type === 'UInt8') return this.fixed(1, (at) => this.bytes.readUInt8(at));
      if (type === 'Bool') return this.fixed(1, (at) => [false, true][this.bytes.readUInt8(at)]);
      throw new Error(`type ${type}`);
    });
  }

  private ends(rows: number): number[] {
    const ends = Array.from({ length: rows }, () => Number(this.uint64()));
    ends.forEach((end, index) => {
      if (end < (ends[index - 1] ?? 0)) throw new Error('an array that ends before it begins');
    });
    return ends;
  }

  private lowCardinality(rows: number): string[] {
    if (rows === 0) return [];
    const flags = Number(this.uint64());
    const width = [1, 2, 4][flags & 0xff] ?? 8;
    const keys = Array.from({ length: Number(this.uint64()) }, () => this.text());
    if (new Set(keys).size !== keys.length) throw new Error('an entry of the dictionary stands there twice');
    if (Number(this.uint64()) !== rows) throw new Error('as many indexes as rows');
    return Array.from({ length: rows }, () => {
      const index = this.bytes.readUIntLE(this.at, width);
      this.at += width;
      const key = keys[index];
      if (key === undefined) throw new Error('an index beyond the dictionary');
      return key;
    });
  }
}

function slices<T>(flat: readonly T[], ends: readonly number[]): T[][] {
  return ends.map((end, index) => flat.slice(ends[index - 1] ?? 0, end));
}
