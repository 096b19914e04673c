import type { Context } from '@opentelemetry/api';
import { createContextKey } from '../../core/context/context.js';
import type { Timers } from '../../core/ports.js';

/** What the platform gives to each event, as far as it is needed. */
export interface ExecutionContextLike {
  waitUntil(work: Promise<unknown>): void;
}

export interface InvocationOptions {
  readonly timers: Timers;
  /** How long a span waits at most while the request goes on, or after it. */
  readonly maxAgeMs: number;
  readonly hasWork: () => boolean;
  /** Sends what there is, in the request that calls it. Never rejects. */
  readonly send: () => Promise<unknown>;
  /** Work given to `waitUntil` has failed. */
  readonly onFailure: (error: unknown, context: Context) => void;
  readonly active: () => Context;
}

/** One event of the Worker (a request, an alarm clock), from its beginning until nothing of it is under way. */
export interface Invocation {
  /** A span has ended in it. `full`: what waits should not wait longer. */
  onWritten(full: boolean): void;
  /** Its handler has answered. */
  end(): void;
}

const invocationKey = createContextKey('throughline invocation');

export const withInvocation = (context: Context, invocation: Invocation): Context =>
  context.setValue(invocationKey, invocation);
export const invocationIn = (context: Context): Invocation | undefined =>
  context.getValue(invocationKey) as Invocation | undefined;

/**
 * Takes care that what is recorded in a request leaves with it, and that the response never waits for that: all sending is work that the
 * platform is asked to wait for, begun in a turn of its own. It is begun when the handler has answered, again when work it left behind is done
 * and has recorded something, and `maxAgeMs` after a span that ends while neither has happened (a long request) or after
 * both (a body that is still written).
 */
export function beginInvocation(ctx: ExecutionContextLike, options: InvocationOptions): Invocation {
  const { timers, maxAgeMs, hasWork, send, onFailure, active } = options;
  const { waitUntil } = ctx;
  const platformWaits = (work: Promise<unknown>) => {
    try {
      waitUntil.call(ctx, work);
    } catch {
      // The request is over; another one takes along what there is.
    }
  };
  let underWay = 1;
  let cancel: (() => void) | undefined;

  /** One at a time: the next one takes its place. */
  const sendAfter = (delayMs: number) =>
    new Promise<unknown>((resolve) => {
      cancel?.();
      const stop = timers.after(delayMs, () => {
        cancel = undefined;
        resolve(hasWork() ? send() : undefined);
      });
      cancel = () => {
        stop();
        resolve(undefined);
      };
    });

  const done = () => {
    underWay--;
    if (hasWork()) platformWaits(sendAfter(0));
  };

  Object.defineProperty(ctx, 'waitUntil', {
    configurable: true,
    writable: true,
    value(work: Promise<unknown>) {
      waitUntil.call(ctx, work);
      underWay++;
      const context = active();
      platformWaits(
        Promise.resolve(work).then(done, (error: unknown) => {
          onFailure(error, context);
          done();
        }),
      );
    },
  });

  return {
    onWritten(full) {
      if (full) platformWaits(send());
      else if (!cancel) {
        const sent = sendAfter(maxAgeMs);
        // While something of the request is under way, that keeps it alive, and its end sends at once.
        if (!underWay) platformWaits(sent);
      }
    },
    end: done,
  };
}
