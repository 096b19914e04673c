import type { Context } from '@opentelemetry/api';
import { rootContext } from '../../core/context/context.js';
import type { InstrumentHost } from '../../core/instrument.js';
import { createTraced } from '../../core/trace/traced.js';

/** As `listen` hands it to the program. */
export interface AppEvent<T = unknown> {
  readonly event: string;
  readonly id: number;
  readonly payload: T;
}

export type AppEventHandler<T = unknown> = (event: AppEvent<T>) => unknown;

/** Tauri's registry of the functions the backend may call, by number. */
type Callbacks = Map<number, (data: unknown) => unknown>;

/** What `listen` tells the backend. */
export type ListenerWrap = (listen: { readonly event: string; readonly handler: number }) => void;

export interface ObservedAppEvents {
  /** Registers a handler so that each event it gets is a span, under the context it was sent with where there is one. */
  register<T>(event: string, handler: AppEventHandler<T>, register: (handler: AppEventHandler<T>) => number): number;
  /** Wraps the handler of a `listen` that is under way, for events that come with a context. */
  readonly wrapListener: ListenerWrap;
  stop(): void;
}

interface Announced {
  readonly context: Context;
  readonly payload: string | undefined;
}

const CONSUMER = 4;
/** Announced and never heard: the listener has gone meanwhile. */
const MOST_ANNOUNCED = 64;
/** What the backend calls before it sends an event, by name: `emitter.rs` of the plugin. */
const announceKey = '__THROUGHLINE_EVENTS__';

/**
 * Events of the backend, in the page. An event of Tauri has no place for a context, so the backend says it in a call of its own, right before
 * the event; the two are brought together here, by name and payload, in their order.
 */
export function observeAppEvents(host: InstrumentHost, callbacks: Callbacks | undefined): ObservedAppEvents {
  const { contextStore, propagator } = host;
  const { measure } = createTraced(host.tracer, contextStore);
  const globals = globalThis as unknown as Record<string, unknown>;
  const announced = new Map<string, Announced[]>();
  const contexts = new WeakMap<object, Context | undefined>();
  /** Handlers that make spans already. */
  const registered = new Set<number>();
  let on = true;

  const announce = (event: string, carrier: Record<string, string>, payload?: unknown): void => {
    const waiting = announced.get(event);
    if (!waiting) return;
    const context = propagator.extract(rootContext, carrier, {
      get: (from, name) => from[name],
      keys: Object.keys,
    });
    waiting.push({ context, payload: JSON.stringify(payload) });
    if (waiting.length > MOST_ANNOUNCED) waiting.shift();
  };
  if (!(announceKey in globals)) globals[announceKey] = announce;

  /** Every listener gets the same object, and so the same context. */
  function contextOf(event: AppEvent): Context | undefined {
    if (!contexts.has(event)) {
      const waiting = announced.get(event.event) ?? [];
      const payload = JSON.stringify(event.payload);
      const at = waiting.findIndex((one) => one.payload === undefined || one.payload === payload);
      contexts.set(event, at < 0 ? undefined : waiting.splice(at, 1)[0]!.context);
    }
    return contexts.get(event);
  }

  function wrap<T>(name: string, handler: AppEventHandler<T>, always: boolean): AppEventHandler<T> {
    if (!announced.has(name)) announced.set(name, []);
    return (event) => {
      const parent = on ? contextOf(event) : undefined;
      if (!on || !(parent || always)) return handler(event);
      const attributes = {
        'messaging.system': 'tauri',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': name,
      };
      return measure(`process ${name}`, { kind: CONSUMER, attributes, parent: parent ?? rootContext }, () =>
        handler(event),
      );
    };
  }

  return {
    register(event, handler, register) {
      const number = register(wrap(event, handler, true));
      registered.add(number);
      return number;
    },
    wrapListener({ event, handler }) {
      const listener = callbacks?.get(handler);
      if (listener && !registered.delete(handler)) {
        callbacks!.set(handler, wrap(event, listener as AppEventHandler, false) as (data: unknown) => unknown);
      }
    },
    stop() {
      on = false;
      if (globals[announceKey] === announce) delete globals[announceKey];
    },
  };
}
