import { forEachChild, type TraceColumns } from './columns.js';

type Times = Pick<TraceColumns, 'start' | 'duration' | 'descendants'>;

/** Nanoseconds. Within the resolution of clocks a child may seem to begin before its parent. */
const EARLIER = 100_000;

/**
 * The parts of a span in which none of its children ran, as pairs `[from, to, from, to …]`. What children do after the
 * span has ended does not count against it, nor does a child that was there before and goes on after it: the load of a
 * page, which is a child of the server's span that made the page, is no work of that server.
 */
export function selfSegments(columns: Times, span: number): number[] {
  const start = columns.start[span]!;
  const end = start + columns.duration[span]!;
  const segments: number[] = [];
  let covered = start;
  forEachChild(columns, span, (child) => {
    const childStart = columns.start[child]!;
    if (childStart < start - EARLIER && childStart + columns.duration[child]! > end) return;
    if (childStart > covered) {
      const until = Math.min(childStart, end);
      if (until > covered) segments.push(covered, until);
    }
    covered = Math.max(covered, childStart + columns.duration[child]!);
  });
  if (covered < end) segments.push(covered, end);
  return segments;
}

/** The self time of each span in nanoseconds. */
export function selfTimes(columns: Times, count: number): Float64Array {
  const self = new Float64Array(count);
  for (let span = 0; span < count; span++) {
    if (columns.descendants[span] === 0) {
      self[span] = columns.duration[span]!;
      continue;
    }
    const segments = selfSegments(columns, span);
    let sum = 0;
    for (let index = 0; index < segments.length; index += 2) sum += segments[index + 1]! - segments[index]!;
    self[span] = sum;
  }
  return self;
}
