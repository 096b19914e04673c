import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { Context } from '@opentelemetry/api';
import { rootContext } from '../../../core/context/context.js';
import type { ContextStore } from '../../../core/ports.js';

type Listener = (...args: unknown[]) => unknown;
type BindListener = (listener: Listener) => Listener;
type BoundListener = Listener & { listener?: Listener };

/**
 * The active context in Node's `AsyncLocalStorage`: it follows promises, timers, streams and callbacks of the runtime. What the
 * runtime cannot follow (a queue of one's own) is bound with `context.bind`, which takes functions and EventEmitters.
 */
export function createNodeContextStore(): ContextStore {
  const storage = new AsyncLocalStorage<Context>();

  function bindFunction<F extends Listener>(context: Context, target: F): F {
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return storage.run(context, () => target.apply(this, args));
    };
    // Frameworks tell error handlers from others by the number of parameters.
    Object.defineProperty(bound, 'length', { value: target.length, configurable: true });
    Object.defineProperty(bound, 'name', { value: target.name, configurable: true });
    return bound as unknown as F;
  }

  return {
    active: () => storage.getStore() ?? rootContext,
    with(context, fn, thisArg, ...args) {
      return thisArg === undefined
        ? storage.run(context, fn, ...args)
        : storage.run(context, () => fn.apply(thisArg, args));
    },
    bind<T>(context: Context, target: T): T {
      if (target instanceof EventEmitter)
        return bindEmitter(target, (listener) => bindFunction(context, listener)) as T;
      if (typeof target === 'function') return bindFunction(context, target as unknown as Listener) as T;
      return target;
    },
    disable: () => storage.disable(),
  };
}

const bindings = new WeakMap<EventEmitter, { bind: BindListener }>();

/** Listeners added from now on run in the bound context; binding an emitter again only changes which context that is. */
function bindEmitter<E extends EventEmitter>(emitter: E, bind: BindListener): E {
  const known = bindings.get(emitter);
  if (known) {
    known.bind = bind;
    return emitter;
  }
  const binding = { bind };
  bindings.set(emitter, binding);

  // An emitter's methods may call each other (`addListener` through `on`): only the outermost call binds.
  let adding = false;
  const patch = (
    method: 'on' | 'addListener' | 'prependListener' | 'once' | 'prependOnceListener',
    via: 'on' | 'addListener' | 'prependListener',
    once: boolean,
  ): void => {
    const add = emitter[via] as (this: E, event: string | symbol, listener: Listener) => E;
    const value = function (this: E, event: string | symbol, listener: Listener): E {
      if (adding || typeof listener !== 'function') return add.call(this, event, listener);
      const bound = binding.bind(listener);
      const added: BoundListener = once
        ? function (this: unknown, ...args) {
            emitter.removeListener(event, added);
            return bound.apply(this, args);
          }
        : bound;
      // Where a listener is removed or listed, EventEmitter looks at `.listener`, but one level deep only; that is why
      // `once` is made here and not left to the emitter, which would wrap the wrapper.
      added.listener = listener;
      adding = true;
      try {
        return add.call(this, event, added);
      } finally {
        adding = false;
      }
    };
    methods.push([method, value]);
  };
  const methods: [string, unknown][] = [];
  patch('on', 'on', false);
  patch('addListener', 'addListener', false);
  patch('prependListener', 'prependListener', false);
  patch('once', 'on', true);
  patch('prependOnceListener', 'prependListener', true);
  for (const [name, value] of methods)
    Object.defineProperty(emitter, name, { value, configurable: true, enumerable: false, writable: true });
  return emitter;
}
