/**
 * Makes the identifiers of traces and spans. A user's own is asked for hex strings, as in OpenTelemetry; the default one
 * hands random words to the tracer without making strings of them.
 */
export interface IdGenerator {
  /** 32 lowercase hex digits, not all zero. */
  generateTraceId(): string;
  /** 16 lowercase hex digits, not all zero. */
  generateSpanId(): string;
  /**
   * The last 56 bits of its trace ids are uniformly random, so that the `random` flag of W3C trace context level 2 may be set
   * and samplers may decide by them. Absent: not promised.
   */
  readonly random?: boolean | undefined;
}
