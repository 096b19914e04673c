import type { Parcel } from '../../core/outbox/parcel.js';

/** Under this name the first message to a worker holds the port to the outbox of whoever made it. */
export const helloKey = 'throughline.outbox.v1';

export type WorkerRequest = { readonly parcel: Parcel } | { readonly flush: number; readonly timeoutMs: number };

/** The answer to `flush`, by its number. */
export interface WorkerAnswer {
  readonly flushed: number;
  readonly sent: boolean;
}
