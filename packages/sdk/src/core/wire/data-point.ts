/** From when to when a data point is true: nanoseconds in two halves, as `TimeSource` has them. One object serves all points. */
export interface PointTimes {
  startHi: number;
  startLo: number;
  timeHi: number;
  timeLo: number;
}

/** Bytes of both times. */
export const pointTimesSize = 18;

/** Writes `start_time_unix_nano` and `time_unix_nano`, which are fields 2 and 3 of every kind of data point (metrics.proto). */
export function writePointTimes(bytes: Uint8Array, view: DataView, pos: number, times: PointTimes): number {
  bytes[pos] = 0x11;
  view.setInt32(pos + 1, times.startLo, true);
  view.setInt32(pos + 5, times.startHi, true);
  bytes[pos + 9] = 0x19;
  view.setInt32(pos + 10, times.timeLo, true);
  view.setInt32(pos + 14, times.timeHi, true);
  return pos + 18;
}

const twoTo32 = 0x1_0000_0000;

/** Writes an integer as 64 bits of two's complement. */
export function writeFixed64(view: DataView, pos: number, value: number): number {
  view.setInt32(pos, value | 0, true);
  view.setInt32(pos + 4, Math.floor(value / twoTo32) | 0, true);
  return pos + 8;
}

/** Writes a double with its one-byte tag. */
export function writeDouble(bytes: Uint8Array, view: DataView, pos: number, tag: number, value: number): number {
  bytes[pos] = tag;
  view.setFloat64(pos + 1, value, true);
  return pos + 9;
}
