import { randomUUID } from 'node:crypto';
import {
  BroadcastChannel,
  type MessagePort,
  receiveMessageOnPort,
  setEnvironmentData,
  type Worker,
} from 'node:worker_threads';
import type { Instrument } from '../../../core/instrument.js';
import { takeParcels } from '../../../core/outbox/take-parcels.js';
import { channelName, environmentKey, type ThreadRequest } from './thread-protocol.js';

/**
 * One outbox for all threads: worker threads that are made from now on and start telemetry hand what they record to this thread's, at the end of each step, and
 * have no connections and no queue of their own. A thread's last words are taken when it has ended.
 */
export const shareWithThreads: Instrument = ({ outbox, onLeaving }) => {
  if (!outbox.onFragment) return () => {};
  const take = takeParcels(outbox.onFragment);
  const prefix = randomUUID();
  const drains = new Set<() => void>();
  const drainAll = (): void => {
    for (const drain of drains) drain();
  };

  const onWorker = (worker: Worker): void => {
    const channel = new BroadcastChannel(channelName(prefix, worker.threadId));
    const answer = (request: ThreadRequest): void => {
      if ('parcel' in request) take(request.parcel);
      else void outbox.flush(request.timeoutMs).then((sent) => channel.postMessage({ flushed: request.flush, sent }));
    };
    // Node takes either; its types know ports alone.
    const port = channel as unknown as MessagePort;
    const drain = (): void => {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) answer(next.message);
    };
    const close = (): void => {
      drain();
      drains.delete(drain);
      channel.close();
    };
    channel.onmessage = ({ data }: { readonly data: unknown }) => answer(data as ThreadRequest);
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
  };
};
