import { rootContext } from '../../core/context/context.js';
import { setSpan } from '../../core/context/span-in-context.js';
import { registeredContext } from '../../core/otel-api.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { isEnvelope, unwrapMessage, wrapMessage } from './envelope.js';
import { type MessageTarget, patchListeners } from './patch-listeners.js';

export type { MessageTarget };

export interface TraceMessagesOptions {
  /** What the channel is called in spans (`messaging.destination.name`): the same on both ends. Default `worker`. */
  readonly name?: string | undefined;
}

const KIND_PRODUCER = 3;
const KIND_CONSUMER = 4;
const traced = new WeakSet<object>();

/**
 * Makes what is sent over a worker, a port or a channel belong to the trace it is sent in: a `PRODUCER` span around `postMessage`, a `CONSUMER` span
 * around each listener, whose context it runs in; the span lasts until the promise of an async listener settles. The object itself is
 * changed, and given back; the program goes on using it as before.
 *
 * Call it on **both ends** (`Worker` and `parentPort`, `Worker` and `self`, two `MessagePort`s) before listeners are added: a message travels in
 * an envelope that only the other end's call opens. What arrives without one is delivered as it is.
 */
export function traceMessages<Target extends MessageTarget>(
  telemetry: Pick<Telemetry, 'measure'>,
  target: Target,
  { name = 'worker' }: TraceMessagesOptions = {},
): Target {
  if (traced.has(target)) return target;
  traced.add(target);
  const attributes = (operation: string, type: string) => ({
    'messaging.system': 'message_channel',
    'messaging.destination.name': name,
    'messaging.operation.name': operation,
    'messaging.operation.type': type,
  });
  const active = () => registeredContext()?.active() ?? rootContext;

  const { postMessage } = target;
  target.postMessage = function (this: unknown, message: unknown, ...rest: unknown[]) {
    return telemetry.measure(
      `send ${name}`,
      { kind: KIND_PRODUCER, attributes: attributes('postMessage', 'send') },
      (span) => Reflect.apply(postMessage, this, [wrapMessage(message, setSpan(active(), span)), ...rest]),
    );
  };
  patchListeners(target, (data, deliver) => {
    if (!isEnvelope(data)) return deliver(data);
    const { message, context } = unwrapMessage(data, rootContext);
    return telemetry.measure(
      `process ${name}`,
      { kind: KIND_CONSUMER, parent: context, attributes: attributes('message', 'process') },
      () => deliver(message),
    );
  });
  return target;
}
