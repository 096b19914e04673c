import type { Context } from '@opentelemetry/api';
import { rootContext } from '../../../core/context/context.js';
import type { ContextStore } from '../../../core/ports.js';

/** As much of `node:async_hooks` as Workers have. */
export interface AsyncStorage {
  getStore(): Context | undefined;
  run<R>(context: Context, fn: () => R): R;
}

/** The active context in AsyncLocalStorage, which follows promises, timers, streams and events of a request. */
export function createWorkerContextStore(createStorage: () => AsyncStorage): ContextStore {
  let storage = createStorage();
  return {
    active: () => storage.getStore() ?? rootContext,
    with: (context, fn, thisArg, ...args) => storage.run(context, () => fn.apply(thisArg, args)),
    bind(context, target) {
      if (typeof target !== 'function') return target;
      const bound = function (this: unknown, ...args: unknown[]): unknown {
        return storage.run(context, () => target.apply(this, args));
      };
      return Object.defineProperty(bound, 'length', { value: target.length }) as typeof target;
    },
    // Workers' AsyncLocalStorage cannot be emptied; nothing was ever put into another one.
    disable() {
      storage = createStorage();
    },
  };
}

/** `undefined` where the Worker has neither of the compatibility flags `nodejs_als` and `nodejs_compat`. */
export async function loadAsyncStorage(): Promise<(() => AsyncStorage) | undefined> {
  try {
    // Not a static import: without a flag the whole Worker would fail to start.
    const { AsyncLocalStorage } = await import('node:async_hooks');
    return () => new AsyncLocalStorage<Context>();
  } catch {
    return undefined;
  }
}
