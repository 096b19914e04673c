import type { Context } from '@opentelemetry/api';
import type { ContextStore } from '../ports.js';
import { rootContext } from './context.js';

/**
 * The active context of a runtime that cannot follow asynchronous work (a web page): it is active while `fn` runs and
 * until its first `await`. What happens later is reached with `bind`. `idle` says what is active where nobody called `with`.
 */
export function createStackContextStore(idle: () => Context = () => rootContext): ContextStore {
  let active: Context | undefined;
  const store: ContextStore = {
    active: () => active ?? idle(),
    with(context, fn, thisArg, ...args) {
      const outer = active;
      active = context;
      try {
        return fn.apply(thisArg, args);
      } finally {
        active = outer;
      }
    },
    bind(context, target) {
      if (typeof target !== 'function') return target;
      const bound = function (this: unknown, ...args: unknown[]): unknown {
        return store.with(context, target as unknown as (...args: unknown[]) => unknown, this, ...args);
      };
      // Frameworks ask a handler's arity (an Express error handler has four arguments).
      return Object.defineProperty(bound, 'length', { value: target.length }) as typeof target;
    },
    disable() {
      active = undefined;
    },
  };
  return store;
}
