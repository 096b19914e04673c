import type { Parcel } from '../../../core/outbox/parcel.js';

/** Of `getEnvironmentData`: set in a thread whose maker shares its outbox. */
export const environmentKey = 'throughline.outbox.v1';

/** One channel for each pair: on one for all, every thread would be sent what every other records. */
export const channelName = (prefix: string, threadId: number): string => `throughline.outbox.v1 ${prefix} ${threadId}`;

/** What a thread says to its maker. `handed` answers `hand`: everything that ended before stands in front of it. */
export type ThreadRequest =
  | { readonly parcel: Parcel }
  | { readonly flush: number; readonly timeoutMs: number }
  | { readonly ready: true }
  | { readonly handed: number };

/** What a maker says to its thread: the answer to `flush`, or that it wants what the thread's present step ends with. */
export type ThreadAnswer = { readonly flushed: number; readonly sent: boolean } | { readonly hand: number };
