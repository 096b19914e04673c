/** The three kinds of telemetry; also the last word of an OTLP/HTTP path. */
export type Signal = 'traces' | 'metrics' | 'logs';

/**
 * The name under which a batch's id travels, so that a receiver can drop the second copy of a retry: the query parameter of
 * OTLP/HTTP (`POST /v1/traces?tl-batch=<id>`, no header, which would cost a page a preflight) and the metadata key of OTLP/gRPC.
 * The id matches `/^[0-9a-f]{32}(\.[01])*$/`. Other backends ignore both; each transport can switch it off (`sendBatchId: false`).
 */
export const batchIdKey = 'tl-batch';

/** What is kept longest when a bound is reached. Errors are `high`. */
export type Priority = 'high' | 'normal';

/**
 * A finished OTLP `Export…ServiceRequest`. Immutable from sealing on; the outbox, every store and every
 * transport handle nothing smaller.
 */
export interface Batch {
  /** Layout version of this record, for stores that outlive a release. */
  readonly v: 1;
  /**
   * 16 hex digits of process identity and 16 of a counter; a part of a split batch adds `.0` or `.1`. A retry is
   * the same bytes with the same id, so a receiver can drop the second copy.
   */
  readonly id: string;
  readonly signal: Signal;
  readonly priority: Priority;
  /** The only place these bytes may be sent to. Never contains credentials. */
  readonly destination: string;
  readonly createdUnixMs: number;
  /** Spans, data points or log records inside. */
  readonly items: number;
  /** The complete protobuf export request. May be a view of a larger buffer (by an eighth at most): never send or store `bytes.buffer`. */
  readonly bytes: Uint8Array;
}

/**
 * The open, growing side of a batch: fragments of one signal and one priority, grouped by scope. The encoder
 * writes here at `span.end()`; the outbox seals it. Nothing between the two holds a span.
 */
export interface OpenBuffer {
  readonly signal: Signal;
  readonly priority: Priority;
  /** Spans, data points or log records written since the last `take`. */
  readonly items: number;
  /** Their bytes, scope headers included, without the resource. */
  readonly byteLength: number;
  /**
   * Joins resource, scopes and fragments into one export request and empties the buffer.
   * `resource` is the encoded `Resource` message (without tag or length) plus its schema URL.
   * `undefined` when nothing was written. `id`: where these items are known under one already, to a store that keeps what is not sealed yet; the
   * outbox then seals them under it.
   */
  take(
    resource: EncodedResource,
  ): { readonly bytes: Uint8Array; readonly items: number; readonly id?: string } | undefined;
}

export interface EncodedResource {
  readonly bytes: Uint8Array;
  readonly schemaUrl: string;
}

/**
 * Told by an encoder after a fragment was written. On the hot path: must return at once and must not throw.
 * The outbox implements it: the first fragment arms the age timer, a full buffer is sealed.
 */
export type OnFragment = (buffer: OpenBuffer) => void;
