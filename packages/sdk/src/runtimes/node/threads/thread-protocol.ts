import type { Parcel } from '../../../core/outbox/parcel.js';

/** Of `getEnvironmentData`: set in a thread whose maker shares its outbox. */
export const environmentKey = 'throughline.outbox.v1';

/** One channel for each pair: on one for all, every thread would be sent what every other records. */
export const channelName = (prefix: string, threadId: number): string => `throughline.outbox.v1 ${prefix} ${threadId}`;

export type ThreadRequest = { readonly parcel: Parcel } | { readonly flush: number; readonly timeoutMs: number };

export interface ThreadAnswer {
  readonly flushed: number;
  readonly sent: boolean;
}
