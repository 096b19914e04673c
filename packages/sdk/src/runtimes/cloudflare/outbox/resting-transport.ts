import type { BatchLimits } from '../../../core/options.js';
import { closeCircuit, createRoute, openCircuit, type Route } from '../../../core/outbox/route.js';
import type { Outcome, Transport } from '../../../core/ports.js';

/** A way out that many outboxes use one after the other, none of which lives to learn much about it. */
export interface RestingTransport {
  /** What its senders know of the receiver together. */
  readonly route: Route;
  /** The way out as one sender has it. */
  forSender(): Transport;
}

/**
 * While a receiver that failed rests, its senders are told so at once instead of asking it; when the rest is over, one of them finds out
 * with one batch. Nobody waits for a promise of another sender.
 */
export function restingTransport(
  transport: Transport,
  limits: Pick<BatchLimits, 'firstRetryMs' | 'maxRetryMs' | 'sendTimeoutMs'>,
  now: () => number,
): RestingTransport {
  const route = createRoute(transport);
  const { destination, maxBytes } = transport;
  let reason = '';

  const learn = (outcome: Outcome): Outcome => {
    if (outcome.kind !== 'retry') {
      closeCircuit(route, now());
      return outcome;
    }
    reason = outcome.reason;
    openCircuit(route, outcome.afterMs, limits, now());
    return { ...outcome, afterMs: Math.max(route.nextMs - now(), 0) };
  };

  return {
    route,
    forSender() {
      /** Of this sender's own: its other batches wait for what becomes of the first. */
      let probe: Promise<unknown> | undefined;
      return {
        destination,
        maxBytes,
        async send(batch, options) {
          if (probe) await probe;
          const restMs = route.nextMs - now();
          if (restMs > 0) return { kind: 'retry', reason, afterMs: restMs };
          if (!route.failures) return learn(await transport.send(batch, options));
          // For as long as the answer may take, and no longer: who asks may be cut off before there is one.
          route.nextMs = now() + limits.sendTimeoutMs;
          route.told = false;
          const answer = transport.send(batch, options).then((outcome) => {
            route.nextMs = 0;
            return learn(outcome);
          });
          probe = answer;
          return answer;
        },
      };
    },
  };
}
