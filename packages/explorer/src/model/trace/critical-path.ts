import { forEachChild, type TraceColumns } from './columns.js';

type Times = Pick<TraceColumns, 'start' | 'duration' | 'descendants'>;

export interface CriticalPath {
  readonly span: Uint32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/**
 * The chain of work that decided when `root` and everything it started was over: making any part of it shorter makes
 * the trace shorter. Walked from the end: of the children that were over by then the last one to end is what was
 * waited for; the time no child explains is the span's own. A child that outlives its parent counts to its own end,
 * because a page's click is over long before what it set off. Segments come in time order and do not overlap.
 */
export function criticalPath(columns: Times, root: number): CriticalPath {
  const last = root + columns.descendants[root]!;
  const treeEnd = new Float64Array(last - root + 1);
  for (let span = last; span >= root; span--) {
    let end = columns.start[span]! + columns.duration[span]!;
    forEachChild(columns, span, (child) => {
      end = Math.max(end, treeEnd[child - root]!);
    });
    treeEnd[span - root] = end;
  }

  const spans: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const own = (span: number, from: number, to: number): void => {
    const start = Math.max(from, columns.start[span]!);
    const end = Math.min(to, columns.start[span]! + columns.duration[span]!);
    if (end <= start) return;
    spans.push(span);
    starts.push(start);
    ends.push(end);
  };

  interface Frame {
    readonly span: number;
    readonly children: number[];
    next: number;
    cursor: number;
    /** What came before belongs to somebody else: a child may have started before its parent. */
    readonly floor: number;
  }
  const enter = (span: number, cursor: number, above: number): Frame => {
    const children: number[] = [];
    forEachChild(columns, span, (child) => {
      if (treeEnd[child - root]! > columns.start[child]!) children.push(child);
    });
    children.sort((a, b) => treeEnd[b - root]! - treeEnd[a - root]!);
    return { span, children, next: 0, cursor, floor: Math.max(columns.start[span]!, above) };
  };
  const stack = [enter(root, treeEnd[0]!, Number.NEGATIVE_INFINITY)];
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]!;
    const child = frame.children[frame.next];
    if (child === undefined) {
      own(frame.span, frame.floor, frame.cursor);
      stack.pop();
      continue;
    }
    frame.next++;
    const end = treeEnd[child - root]!;
    if (end > frame.cursor || end <= frame.floor || columns.start[child]! >= frame.cursor) continue;
    own(frame.span, end, frame.cursor);
    frame.cursor = Math.max(columns.start[child]!, frame.floor);
    stack.push(enter(child, end, frame.floor));
  }
  return {
    span: Uint32Array.from(spans.reverse()),
    start: Float64Array.from(starts.reverse()),
    end: Float64Array.from(ends.reverse()),
  };
}
