import { BroadcastChannel, getEnvironmentData, isMainThread, threadId } from 'node:worker_threads';
import type { ParcelCarrier } from '../../../core/outbox/parcel-outbox.js';
import { channelName, environmentKey, type ThreadAnswer, type ThreadRequest } from './thread-protocol.js';
import { withThreadId } from './with-thread-id.js';

/** The way to the outbox of the thread that made this one; `undefined` where that one shares none. */
export function carrierToMaker(): ParcelCarrier | undefined {
  const prefix = isMainThread ? undefined : getEnvironmentData(environmentKey);
  if (typeof prefix !== 'string') return undefined;
  const channel = new BroadcastChannel(channelName(prefix, threadId));
  channel.unref();
  const say = (request: ThreadRequest): void => channel.postMessage(request);
  const waiting = new Map<number, (sent: boolean) => void>();
  let asked = 0;
  channel.onmessage = ({ data }: { readonly data: unknown }) => {
    const answer = data as ThreadAnswer;
    // This runs between two steps, so what the one before has ended is handed over already.
    if ('hand' in answer) say({ handed: answer.hand });
    else waiting.get(answer.flushed)?.(answer.sent);
  };
  say({ ready: true });
  return {
    destination: 'the thread that made this one',
    carry(parcel) {
      const { signal, bytes } = parcel;
      say({ parcel: signal === 'metrics' ? { ...parcel, bytes: withThreadId(bytes, threadId) } : parcel });
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
        say({ flush, timeoutMs });
      }),
    close: () => channel.close(),
  };
}
