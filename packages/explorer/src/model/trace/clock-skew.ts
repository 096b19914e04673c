/*
 * Clocks of two machines differ; drawn as they are, a server would answer before it was asked. One offset per process
 * is found from the calls between processes: a child cannot start before its parent, and a server span lies inside
 * the client span that waited for it. Every call bounds the offset; where "no offset" between the two fits the bounds
 * they stay together, else a clock is left alone where that fits, else the middle of what fits is taken, as NTP does.
 */

export interface Call {
  readonly parentProcess: number;
  readonly childProcess: number;
  readonly parentStart: number;
  readonly parentEnd: number;
  readonly childStart: number;
  readonly childEnd: number;
  /** A client waited for this server span, so it must also end inside. */
  readonly waited: boolean;
}

/** Disagreement below this is the resolution of clocks, not their error. Nanoseconds. */
const TOLERANCE = 100_000;

interface Bounds {
  low: number;
  high: number;
}

/**
 * The nanoseconds to add to each process's times. `reference` keeps its clock.
 */
export function clockOffsets(processes: number, calls: Iterable<Call>, reference: number): Float64Array {
  const between = new Map<number, Bounds>();
  const neighbours: number[][] = Array.from({ length: processes }, () => []);
  const narrow = (from: number, to: number, low: number, high: number): void => {
    const key = from * processes + to;
    let bounds = between.get(key);
    if (bounds === undefined) {
      bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
      between.set(key, bounds);
      neighbours[from]!.push(to);
    }
    bounds.low = Math.max(bounds.low, low);
    bounds.high = Math.min(bounds.high, high);
  };
  for (const call of calls) {
    if (call.parentProcess === call.childProcess) continue;
    const low = call.parentStart - call.childStart;
    const fits = call.waited && call.childEnd - call.childStart <= call.parentEnd - call.parentStart;
    const high = fits ? call.parentEnd - call.childEnd : Number.POSITIVE_INFINITY;
    narrow(call.parentProcess, call.childProcess, low, high);
    narrow(call.childProcess, call.parentProcess, -high, -low);
  }
  const offsets = new Float64Array(processes);
  const known = new Uint8Array(processes);
  for (const first of [reference, ...Array.from({ length: processes }, (_, index) => index)]) {
    if (known[first] === 1) continue;
    known[first] = 1;
    const queue = [first];
    for (let at = 0; at < queue.length; at++) {
      const from = queue[at]!;
      for (const to of neighbours[from]!) {
        if (known[to] === 1) continue;
        known[to] = 1;
        offsets[to] = offsets[from]! + relative(between.get(from * processes + to)!, offsets[from]!);
        queue.push(to);
      }
    }
  }
  return offsets;
}

/** The offset of the far process against the near one, which has itself been moved by `near`. */
function relative({ low, high }: Bounds, near: number): number {
  // Two that agree stay together: when a browser's clock is off, all servers are moved alike, and not apart.
  if (low - TOLERANCE <= 0 && high + TOLERANCE >= 0) return 0;
  const zero = -near;
  if (zero >= low - TOLERANCE && zero <= high + TOLERANCE) return zero;
  if (low > high) return low;
  if (low === Number.NEGATIVE_INFINITY) return high;
  if (high === Number.POSITIVE_INFINITY) return low;
  return (low + high) / 2;
}
