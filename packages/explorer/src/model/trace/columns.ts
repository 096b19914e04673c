/*
 * A trace as columns: one typed array per property, spans numbered in tree order (parent before child, siblings by
 * start), so that the subtree of span `i` is the range `i … i + descendants[i]`. A trace of 50,000 spans is a few
 * megabytes that move between threads without a copy. Times are nanoseconds since `originUnixNano`.
 */

export const SpanFlag = {
  error: 1,
  /** Its parent is named but has not arrived. */
  orphan: 2,
  /** It started after its parent had ended. */
  detached: 4,
  /** Its parents form a ring; it was taken out and shown as a root. */
  ring: 8,
  /** Its process's clock was moved to fit its parent's. */
  moved: 16,
  /** A span below it failed. */
  errorBelow: 32,
  /** The longest chain that decides when the trace ends passes here. */
  critical: 64,
  /** A failed span, or one with an exception, whose children did not fail: where the trouble began. */
  errorSource: 128,
} as const;

export interface Process {
  /** Index into `services`. */
  readonly service: number;
  /** What it runs in, for people: `page`, `Node.js 20.19`, `Python` …; empty when the resource does not say. */
  readonly runtime: string;
  /** How far its clock was moved, in nanoseconds; 0 when it was right. */
  readonly movedNano: number;
  readonly spans: number;
}

export interface TraceService {
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
  /** Sum of the self times of its spans, in nanoseconds. */
  readonly selfNano: number;
}

export interface TraceColumns {
  readonly traceId: string;
  readonly originUnixNano: string;
  readonly durationNano: number;
  readonly count: number;
  readonly errors: number;
  readonly depthMax: number;

  readonly spanIds: readonly string[];
  readonly names: readonly string[];
  readonly services: readonly TraceService[];
  readonly processes: readonly Process[];
  /** Databases, brokers and the like that spans talk to; index 0 is none. */
  readonly systems: readonly string[];
  /** Threads and WebAssembly modules inside of processes; the first is empty: the process itself. */
  readonly places: readonly string[];

  readonly name: Uint32Array;
  readonly service: Uint16Array;
  readonly process: Uint32Array;
  readonly system: Uint16Array;
  readonly place: Uint16Array;
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly self: Float64Array;
  /** -1 for roots and orphans. */
  readonly parent: Int32Array;
  readonly depth: Uint16Array;
  readonly descendants: Uint32Array;
  /** Where the span stood in the answer; the key to its details. */
  readonly source: Uint32Array;

  /** Events of span `i` are `eventOffset[i] … eventOffset[i + 1]`. */
  readonly eventOffset: Uint32Array;
  readonly eventTime: Float64Array;
  /** 1 for exceptions. */
  readonly eventIsException: Uint8Array;

  /** The critical path in time order: span, from, to. */
  readonly criticalSpan: Uint32Array;
  readonly criticalStart: Float64Array;
  readonly criticalEnd: Float64Array;

  readonly folds: readonly Fold[];
  /** Index into `folds`, or -1. */
  readonly foldOf: Int32Array;
}

/** Many equal siblings shown as one row. */
export interface Fold {
  /** The span id of its first member: stable, so it can stand in an address. */
  readonly id: string;
  readonly parent: number;
  readonly members: Uint32Array;
  readonly errors: number;
  readonly start: number;
  readonly end: number;
  readonly totalNano: number;
  readonly minNano: number;
  readonly p50Nano: number;
  readonly p95Nano: number;
  readonly maxNano: number;
}

/** The end of a span, in nanoseconds since the trace's origin. */
export function endOf(columns: TraceColumns, span: number): number {
  return columns.start[span]! + columns.duration[span]!;
}

/** Calls `visit` with each child of `span`, by start. */
export function forEachChild(
  columns: Pick<TraceColumns, 'descendants'>,
  span: number,
  visit: (child: number) => void,
): void {
  const last = span + columns.descendants[span]!;
  for (let child = span + 1; child <= last; child += columns.descendants[child]! + 1) visit(child);
}
