import type { ParcelCarrier } from '../../core/outbox/parcel-outbox.js';
import { helloKey, type WorkerAnswer } from './worker-protocol.js';

/** The way to the outbox of the page that made this worker: over the port that its first message brings, which nobody else gets to see. */
export function carrierToPage(): ParcelCarrier {
  let port: MessagePort | undefined;
  let ready = (): void => {};
  const waiting = new Map<number, (sent: boolean) => void>();
  let asked = 0;

  const onMessage = (event: Event): void => {
    const brought = ((event as MessageEvent).data as Record<string, unknown> | null | undefined)?.[helloKey];
    if (!(brought instanceof MessagePort)) return;
    event.stopImmediatePropagation();
    removeEventListener('message', onMessage);
    port = brought;
    port.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      waiting.get(data.flushed)?.(data.sent);
      waiting.delete(data.flushed);
    };
    ready();
  };
  addEventListener('message', onMessage);

  return {
    destination: 'the page',
    carry(parcel) {
      port?.postMessage({ parcel }, [parcel.bytes.buffer]);
      return port !== undefined;
    },
    onReady(run) {
      ready = run;
    },
    flush: (timeoutMs) =>
      new Promise((resolve) => {
        if (!port) return resolve(false);
        waiting.set(asked, resolve);
        port.postMessage({ flush: asked++, timeoutMs });
      }),
    close: () => port?.close(),
  };
}
