/** Certificates of a connection, as PEM text or bytes. Reading them from files is the runtime's. */
export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's own certificate and key (mTLS); both or none. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** The name the server's certificate must carry, where it is not the host of the address. */
  readonly serverName?: string | undefined;
}
