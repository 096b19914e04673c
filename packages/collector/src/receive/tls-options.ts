/** PEM files' contents. With `clientCa` only clients with a certificate of that authority are let in. */
export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer | undefined;
}
