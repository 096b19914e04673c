/** A larger request is not sent (OTLP specification, "OTLP/gRPC Request" and "OTLP/HTTP Request"): 64 MiB, before compression. */
export const defaultMaxRequestBytes = 64 * 1024 * 1024;
/** A larger answer is not read, and its batch is not sent again ("OTLP/HTTP Response"): 4 MiB. */
export const defaultMaxAnswerBytes = 4 * 1024 * 1024;

/** What both Node transports let a program say about sizes, in bytes. */
export interface SizeLimits {
  /** Default 64 MiB, before compression. What is larger is sent in parts, or dropped and counted where it is one item. */
  readonly maxRequestBytes?: number | undefined;
  /** Default 4 MiB. A larger answer counts as a refusal, and the rest of it is not read. */
  readonly maxAnswerBytes?: number | undefined;
}

/** Thrown where an answer goes past its limit; it has no stack worth showing. */
export class AnswerTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`it answers with more than ${maxBytes} bytes`);
  }
}
