import { BroadcastChannel, getEnvironmentData, isMainThread, threadId } from 'node:worker_threads';
import type { ParcelCarrier } from '../../../core/outbox/parcel-outbox.js';
import { channelName, environmentKey, type ThreadAnswer } from './thread-protocol.js';

/** The way to the outbox of the thread that made this one; `undefined` where that one shares none. */
export function carrierToMaker(): ParcelCarrier | undefined {
  const prefix = isMainThread ? undefined : getEnvironmentData(environmentKey);
  if (typeof prefix !== 'string') return undefined;
  const channel = new BroadcastChannel(channelName(prefix, threadId));
  channel.unref();
  const waiting = new Map<number, (sent: boolean) => void>();
  let asked = 0;
  channel.onmessage = ({ data }: { readonly data: unknown }) => {
    const { flushed, sent } = data as ThreadAnswer;
    waiting.get(flushed)?.(sent);
  };
  return {
    destination: 'the thread that made this one',
    carry(parcel) {
      channel.postMessage({ parcel });
      return true;
    },
    onReady() {},
    flush: (timeoutMs) =>
      new Promise((resolve) => {
        const flush = asked++;
        // A worker that waits for its telemetry must not end meanwhile.
        const held = setTimeout(() => settle(false), timeoutMs);
        const settle = (sent: boolean): void => {
          clearTimeout(held);
          waiting.delete(flush);
          resolve(sent);
        };
        waiting.set(flush, settle);
        channel.postMessage({ flush, timeoutMs });
      }),
    close: () => channel.close(),
  };
}
