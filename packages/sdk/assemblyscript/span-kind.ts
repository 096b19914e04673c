/** What a span describes, with OpenTelemetry's numbers. */
export enum SpanKind {
  Internal = 0,
  Server = 1,
  Client = 2,
  Producer = 3,
  Consumer = 4,
}

/** How it ended. */
export enum StatusCode {
  Unset = 0,
  Ok = 1,
  Error = 2,
}
