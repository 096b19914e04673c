/** Bytes a value of 0 … 2^53 takes as a varint. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes an unsigned value below 2^31 and returns the position behind it. */
export function writeVarint(bytes: Uint8Array, pos: number, value: number): number {
  let rest = value;
  while (rest > 127) {
    bytes[pos++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[pos] = rest;
  return pos + 1;
}

/** Writes 64 bits, given as two halves of any sign, and returns the position behind them (at most 10 bytes). */
export function writeVarint64(bytes: Uint8Array, pos: number, hi: number, lo: number): number {
  while (hi !== 0 || lo >>> 0 > 127) {
    bytes[pos++] = (lo & 127) | 128;
    lo = (lo >>> 7) | (hi << 25);
    hi >>>= 7;
  }
  bytes[pos] = lo;
  return pos + 1;
}

/**
 * Closes a length-delimited field whose content was written behind one byte kept at `lengthAt`: the length goes there, and the
 * content moves where the length needs more than that byte. Returns the position behind the field.
 */
export function closeLength(bytes: Uint8Array, lengthAt: number, end: number): number {
  const length = end - lengthAt - 1;
  const more = varintSize(length) - 1;
  if (more > 0) bytes.copyWithin(lengthAt + 1 + more, lengthAt + 1, end);
  writeVarint(bytes, lengthAt, length);
  return end + more;
}
