import type { OpenBuffer, Signal } from '../batch.js';
import { within } from '../within.js';
import type { OutboxRequest } from './full-outbox.js';
import type { Outbox } from './outbox.js';
import { type Parcel, packParcel } from './parcel.js';

/** The way to whoever owns the outbox. */
export interface ParcelCarrier {
  /** Who that is, for `status()`. */
  readonly destination: string;
  /** Hands over, within this call; `false` where the owner is not there yet: the parcel is then offered again, no sooner than `onReady` says. */
  carry(parcel: Parcel): boolean;
  onReady(run: () => void): void;
  /** Whether the owner has sent all that it was handed. */
  flush(timeoutMs: number): Promise<boolean>;
  close(): void;
}

/**
 * The outbox of a part of a program that sends through another's. It decides nothing about batches: what was recorded is handed over at the end of
 * the task's current step (a microtask), so that ending the part at any later moment takes nothing along. Until the owner is there it keeps as many bytes as
 * an outbox would, the newest.
 */
export const createParcelOutbox =
  (carrier: ParcelCarrier) =>
  ({ limits, ports, report }: Pick<OutboxRequest, 'limits' | 'ports' | 'report'>): Outbox => {
    const buffers = new Set<OpenBuffer>();
    const waiting: Parcel[] = [];
    const handed: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
    let lost = 0;
    let soon = false;
    let lastSuccessUnixMs: number | undefined;
    let closing: Promise<boolean> | undefined;
    const sum = (size: 'items' | 'byteLength') => [...buffers].reduce((total, buffer) => total + buffer[size], 0);
    const waitingSum = (size: (parcel: Parcel) => number) => waiting.reduce((total, parcel) => total + size(parcel), 0);

    const carryWaiting = (): void => {
      while (waiting[0] && carrier.carry(waiting[0])) {
        const { signal, items } = waiting.shift()!;
        handed[signal] += items;
        lastSuccessUnixMs = ports.clock.wallMs();
      }
      while (waitingSum(({ bytes }) => bytes.length) > limits.maxQueueBytes) {
        if (!lost)
          report(
            'warn',
            'queue-full',
            `Nobody takes what is recorded for ${carrier.destination}: the oldest is dropped.`,
          );
        lost += waiting.shift()!.items;
      }
    };
    const hand = (): void => {
      soon = false;
      for (const buffer of buffers) {
        const parcel = packParcel(buffer);
        if (parcel) waiting.push(parcel);
      }
      carryWaiting();
    };
    const flush = (timeoutMs: number): Promise<boolean> => {
      hand();
      return within(ports.timers, timeoutMs, carrier.flush(timeoutMs));
    };

    carrier.onReady(carryWaiting);
    return {
      onFragment(buffer) {
        buffers.add(buffer);
        if (buffer.byteLength >= limits.maxBytes) hand();
        else if (!soon) {
          soon = true;
          void Promise.resolve().then(hand);
        }
      },
      flush: (timeoutMs = limits.flushTimeoutMs) => closing ?? flush(timeoutMs),
      shutdown(timeoutMs = limits.shutdownTimeoutMs) {
        closing ??= flush(timeoutMs).finally(carrier.close);
        return closing;
      },
      suspend: hand,
      resume: carryWaiting,
      status() {
        const queued = {
          items: sum('items') + waitingSum(({ items }) => items),
          bytes: sum('byteLength') + waitingSum(({ bytes }) => bytes.length),
        };
        return {
          state: closing ? 'shut-down' : lost ? 'degraded' : 'healthy',
          queued,
          stored: { items: 0, bytes: 0, durability: 'memory' },
          sent: { ...handed },
          rejected: 0,
          dropped: {
            'queue-full': lost,
            'store-full': 0,
            'too-old': 0,
            refused: 0,
            'too-large': 0,
            shutdown: 0,
            damaged: 0,
          },
          lastSuccessUnixMs,
          lastError: undefined,
          destinations: [
            {
              destination: carrier.destination,
              reachable: lastSuccessUnixMs === undefined ? undefined : true,
              failures: 0,
              nextAttemptUnixMs: undefined,
            },
          ],
        };
      },
    };
  };
