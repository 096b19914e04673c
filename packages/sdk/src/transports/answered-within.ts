import type { Signal } from '../core/batch.js';
import type { Transport } from '../core/ports.js';

/**
 * The same way out, on which an answer is waited for no longer than so many milliseconds, by signal. Where the outbox itself waits for less, that
 * counts.
 */
export function answeredWithin(
  transport: Transport,
  timeoutMs: Readonly<Partial<Record<Signal, number | undefined>>>,
): Transport {
  if (Object.values(timeoutMs).every((waitMs) => waitMs === undefined)) return transport;
  return {
    ...transport,
    async send(batch, options) {
      const waitMs = timeoutMs[batch.signal];
      if (waitMs === undefined) return transport.send(batch, options);
      const over = AbortSignal.timeout(waitMs);
      const outcome = await transport.send(batch, {
        ...options,
        abort: AbortSignal.any([options.abort as AbortSignal, over]),
      });
      return over.aborted && outcome.kind === 'retry'
        ? { ...outcome, reason: `${transport.destination}: no answer in ${waitMs} ms` }
        : outcome;
    },
  };
}
