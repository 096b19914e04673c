import type { Signal } from '../process/signal.js';

/** What one attempt to hand a batch on came to. The words are those of the SDK's transports. */
export type Outcome =
  /** Taken, but for `rejected` items. */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string }
  /** Not now. `afterMs`: the wait that the server asked for. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number | undefined }
  /** The connection was over before it was used: the next one may be tried at once. */
  | { readonly kind: 'stale'; readonly reason: string }
  /** Never, and it is this batch. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly reason: string }
  /** Nothing will be taken until somebody changes something: credentials, the address. No batch is at fault. */
  | { readonly kind: 'unwelcome'; readonly reason: string };

/** A batch on its way out. */
export interface Outgoing {
  readonly signal: Signal;
  readonly id: string;
  /** Of the request, in bytes. */
  readonly length: number;
  /** The request in pieces, in order. A piece is the receiver's until it asks for the next. Throws where the disk does not give them. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** One way out. Never rejects; sends once and says what came of it. */
export interface Sender {
  send(body: Outgoing): Promise<Outcome>;
  close(): void;
}
