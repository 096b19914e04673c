import { randomUUID } from 'node:crypto';
import {
  BroadcastChannel,
  type MessagePort,
  receiveMessageOnPort,
  setEnvironmentData,
  type Worker,
} from 'node:worker_threads';
import type { Instrument } from '../../../core/instrument.js';
import type { OutboxRequest } from '../../../core/outbox/full-outbox.js';
import type { Outbox } from '../../../core/outbox/outbox.js';
import { takeParcels } from '../../../core/outbox/take-parcels.js';
import { channelName, environmentKey, type ThreadAnswer, type ThreadRequest } from './thread-protocol.js';

/** How long a flush waits for threads to come to the end of their present step. One that calculates for longer hands over later. */
const HAND_OVER_MS = 500;

export interface ThreadSharing {
  readonly instrument: Instrument;
  /** The outbox whose `flush` asks the threads first. */
  readonly createOutbox: (request: OutboxRequest) => Outbox;
}

/**
 * One outbox for all threads: worker threads that are made from now on and start telemetry hand what they record to this thread's, at the end of each step, and
 * have no connections and no queue of their own. A thread's last words are taken when it has ended.
 */
export function shareWithThreads(createOutbox: ThreadSharing['createOutbox']): ThreadSharing {
  /** Asks one thread to hand over; for each that has started telemetry. */
  const threads = new Set<(handed: () => void) => void>();
  /** Takes what has come from one thread and was not heard yet; for each. */
  const drains = new Set<() => void>();
  const drainAll = (): void => {
    for (const drain of drains) drain();
  };

  const askThreads = (timeoutMs: number): Promise<void> =>
    new Promise((resolve) => {
      let left = threads.size;
      // Not unreferenced: a program that waits for its telemetry must not end meanwhile.
      const held = setTimeout(resolve, Math.min(timeoutMs, HAND_OVER_MS));
      const handed = (): void => {
        if (--left > 0) return;
        clearTimeout(held);
        resolve();
      };
      for (const ask of threads) ask(handed);
    });

  return {
    createOutbox(request) {
      const outbox = createOutbox(request);
      const { clock } = request.ports;
      const { flushTimeoutMs } = request.limits;
      return {
        ...outbox,
        async flush(timeoutMs = flushTimeoutMs) {
          drainAll();
          if (threads.size === 0) return outbox.flush(timeoutMs);
          const startMs = clock.monotonicMs();
          await askThreads(timeoutMs);
          return outbox.flush(Math.max(0, timeoutMs - (clock.monotonicMs() - startMs)));
        },
      };
    },
    instrument({ outbox, onLeaving }) {
      if (!outbox.onFragment) return () => {};
      const take = takeParcels(outbox.onFragment);
      const prefix = randomUUID();

      const onWorker = (worker: Worker): void => {
        const channel = new BroadcastChannel(channelName(prefix, worker.threadId));
        const say = (answer: ThreadAnswer): void => channel.postMessage(answer);
        const asked = new Map<number, () => void>();
        let number = 0;
        const ask = (handed: () => void): void => {
          asked.set(number, handed);
          say({ hand: number++ });
        };
        const hear = (request: ThreadRequest): void => {
          if ('parcel' in request) take(request.parcel);
          else if ('ready' in request) threads.add(ask);
          else if ('handed' in request) {
            asked.get(request.handed)?.();
            asked.delete(request.handed);
          } else void outbox.flush(request.timeoutMs).then((sent) => say({ flushed: request.flush, sent }));
        };
        // Node takes either; its types know ports alone.
        const port = channel as unknown as MessagePort;
        const drain = (): void => {
          for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) hear(next.message);
        };
        const close = (): void => {
          drain();
          drains.delete(drain);
          threads.delete(ask);
          channel.close();
          for (const handed of asked.values()) handed();
        };
        channel.onmessage = ({ data }: { readonly data: unknown }) => hear(data as ThreadRequest);
        channel.unref();
        drains.add(drain);
        worker.once('exit', close);
      };

      setEnvironmentData(environmentKey, prefix);
      process.on('worker', onWorker);
      // Telemetry's own listener for the same event comes later, and sees what this one has taken.
      process.on('beforeExit', drainAll);
      const stopLeaving = onLeaving(drainAll);
      return () => {
        setEnvironmentData(environmentKey, undefined);
        process.removeListener('worker', onWorker);
        process.removeListener('beforeExit', drainAll);
        stopLeaving();
        drainAll();
        threads.clear();
      };
    },
  };
}
