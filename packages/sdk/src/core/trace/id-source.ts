/** Where a tracer gets identifiers from, as 32-bit words. */
export interface IdSource {
  /** Holds the identifiers that `take` made, until the next `take`. */
  readonly words: Int32Array;
  /** Makes a span id (`count` 2) or a trace id and a span id behind it (6); returns the index of the first word. */
  take(count: number): number;
  /** `true`: trace ids get the `random` flag of W3C trace context level 2. */
  readonly random?: boolean | undefined;
}
