/**
 * One reading of both clocks: Unix time in nanoseconds as two unsigned 32-bit halves, and what the monotonic clock showed at that
 * moment. The local spans of one trace share an anchor, so that their order and durations never depend on the wall clock.
 */
export interface Anchor {
  readonly hi: number;
  readonly lo: number;
  readonly monotonicMs: number;
}
