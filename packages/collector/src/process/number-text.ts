import type { StringColumn } from './columns.js';

const SMALL = 1_000_000_000;

/** Appends a signed 64-bit integer, given as its halves, in decimal. */
export function appendInt64(column: StringColumn, low: number, high: number): void {
  // Both halves as unsigned; the sign is the highest bit.
  if (high === 0 && low < SMALL) {
    appendDigits(column, low, false);
  } else if (high === 0xffffffff && low > 0x1_0000_0000 - SMALL) {
    appendDigits(column, 0x1_0000_0000 - low, true);
  } else {
    appendAscii(column, int64Text(low, high));
  }
}

export function int64Text(low: number, high: number): string {
  // Exact in a double up to 2^53; beyond only a BigInt tells the digits.
  if (high < 0x200000) return String(high * 0x1_0000_0000 + low);
  return ((BigInt(high | 0) << 32n) | BigInt(low)).toString();
}

function appendDigits(column: StringColumn, value: number, negative: boolean): void {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  const count = digits + (negative ? 1 : 0);
  column.reserve(count + 1);
  const bytes = column.bytes;
  let at = column.length;
  bytes[at] = count;
  if (negative) bytes[at + 1] = 45;
  at += count;
  column.length = at + 1;
  let rest = value | 0;
  for (let i = 0; i < digits; i++) {
    const next = (rest / 10) | 0;
    bytes[at--] = 48 + rest - next * 10;
    rest = next;
  }
}

/** Appends text that is known to be ASCII and shorter than 128. */
export function appendAscii(column: StringColumn, text: string): void {
  const count = text.length;
  column.reserve(count + 1);
  const bytes = column.bytes;
  let at = column.length;
  bytes[at++] = count;
  for (let i = 0; i < count; i++) bytes[at++] = text.charCodeAt(i);
  column.length = at;
}

/** Shortest decimal that reads back the same, as OpenTelemetry's exporter writes doubles (and JavaScript too). */
export function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return value === Number.POSITIVE_INFINITY
    ? 'Infinity'
    : value === Number.NEGATIVE_INFINITY
      ? '-Infinity'
      : String(value);
}
