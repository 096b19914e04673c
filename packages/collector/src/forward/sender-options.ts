export interface SenderOptions {
  /** Requests under way together. */
  readonly connections: number;
  /** Sent with every request, in lower case; never stored. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM. */
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly gzip: boolean;
  /** Without a sign of life for this long the request is given up. */
  readonly answerMs: number;
}
