import type { Instrument } from '../../core/instrument.js';
import { takeParcels } from '../../core/outbox/take-parcels.js';
import { helloKey, type WorkerRequest } from './worker-protocol.js';

export interface WorkerSharing {
  /** Goes into `instruments` of `start`. */
  readonly instrument: Instrument;
  /**
   * Lets a worker whose code calls `start` of `@throughline/sdk/web-worker` send through this program's outbox, with its resource. Call it right where
   * the worker is made, before a message is sent to it. Gives the worker back.
   */
  connect<Target extends { postMessage(message: unknown, transfer: Transferable[]): void }>(worker: Target): Target;
}

/** One outbox for a page and its workers: what a worker records is handed to the page, encoded, and leaves in the page's batches. */
export function shareWithWorkers(): WorkerSharing {
  let take: ((parcel: unknown) => boolean) | undefined;
  let flush: ((timeoutMs: number) => Promise<boolean>) | undefined;
  /** Ports of workers that were connected before the telemetry stood. */
  const early: (() => void)[] = [];
  const open = new Set<MessagePort>();

  return {
    instrument(host) {
      take = host.outbox.onFragment && takeParcels(host.outbox.onFragment);
      flush = host.outbox.flush;
      for (const run of early.splice(0)) run();
      return () => {
        take = flush = undefined;
        for (const port of open) port.close();
        open.clear();
      };
    },
    connect(worker) {
      const { port1, port2 } = new MessageChannel();
      open.add(port1);
      worker.postMessage({ [helloKey]: port2 }, [port2]);
      const listen = (): void => {
        port1.onmessage = ({ data }: MessageEvent<WorkerRequest>) => {
          if ('parcel' in data) take?.(data.parcel);
          else
            void (flush?.(data.timeoutMs) ?? Promise.resolve(false)).then((sent) =>
              port1.postMessage({ flushed: data.flush, sent }),
            );
        };
      };
      if (take) listen();
      else early.push(listen);
      return worker;
    },
  };
}
