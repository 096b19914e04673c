import type { Context } from '@opentelemetry/api';
import { baggagePropagator } from '../../core/propagation/baggage.js';
import { traceContextPropagator } from '../../core/propagation/trace-context.js';

/** What a message becomes on its way: itself beside the headers of its context, which are always W3C's, because both ends are ours. */
interface Envelope {
  readonly [mark]: Readonly<Record<string, string>>;
  readonly message: unknown;
}

const mark = 'throughline.message.v1';
const propagators = [traceContextPropagator, baggagePropagator];

export function wrapMessage(message: unknown, context: Context): Envelope {
  const headers: Record<string, string> = {};
  const set = (_: unknown, key: string, value: string): void => {
    headers[key] = value;
  };
  for (const propagator of propagators) propagator.inject(context, headers, { set });
  return { [mark]: headers, message };
}

export const isEnvelope = (data: unknown): data is Envelope =>
  typeof data === 'object' && data !== null && typeof (data as Partial<Envelope>)[mark] === 'object';

/** The message itself, and the context it was sent in on top of `context`. */
export function unwrapMessage(envelope: Envelope, context: Context): { message: unknown; context: Context } {
  let sender = context;
  for (const propagator of propagators)
    sender = propagator.extract(sender, envelope[mark], {
      get: (carrier, key) => (carrier as Record<string, string>)[key],
      keys: (carrier) => Object.keys(carrier as object),
    });
  return { message: envelope.message, context: sender };
}
