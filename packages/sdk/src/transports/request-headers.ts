/** Headers (or gRPC metadata) a user adds: fixed, or asked for at each send so that a token may change. Never stored. */
export type RequestHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);
