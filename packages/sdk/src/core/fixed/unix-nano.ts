import type { TimeInput } from '@opentelemetry/api';

/** A moment as Unix milliseconds and nanoseconds behind them, because a double of nanoseconds resolves only 256 of them. */
export interface Moment {
  readonly unixMs: number;
  readonly nanos: number;
}

/** The API's time inputs; `undefined` for what is none. */
export function momentOf(input: TimeInput | undefined): Moment | undefined {
  if (Array.isArray(input)) return input[0] >= 0 ? { unixMs: input[0] * 1000, nanos: input[1] } : undefined;
  const unixMs = input === undefined || input === null ? Number.NaN : Number(input);
  return unixMs >= 0 ? { unixMs, nanos: 0 } : undefined;
}

/** Nanoseconds from one moment to another. */
export const nanosBetween = (from: Moment, to: Moment): number =>
  (to.unixMs - from.unixMs) * 1e6 + (to.nanos - from.nanos);

/** Writes a moment as `fixed64` nanoseconds: little-endian, without a BigInt. */
export function writeUnixNano(view: DataView, pos: number, { unixMs, nanos }: Moment): number {
  const seconds = Math.floor(unixMs / 1000);
  // 1e9 times the seconds would not fit a double: 16 bits of them are multiplied apart from the rest.
  const upper = Math.floor(seconds / 65_536) * 1e9;
  const lower = (seconds % 65_536) * 1e9 + Math.round((unixMs - seconds * 1000) * 1e6) + nanos;
  const lo = (upper % 65_536) * 65_536 + lower;
  view.setUint32(pos, lo, true);
  view.setUint32(pos + 4, Math.floor(upper / 65_536) + Math.floor(lo / 0x1_0000_0000), true);
  return pos + 8;
}
