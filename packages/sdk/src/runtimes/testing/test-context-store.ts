import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from '@opentelemetry/api';
import { rootContext } from '../../core/context/context.js';
import { createStackContextStore } from '../../core/context/stack-context-store.js';
import type { ContextStore } from '../../core/ports.js';

/**
 * Tests run in Node, Deno and Bun, and by browser runners in a page. Where there is an `AsyncLocalStorage` the active context follows
 * `await`; elsewhere it is a stack, as in pages. Looked up when it is needed, because a static import would keep this
 * file out of pages.
 */
export function createTestContextStore(): ContextStore {
  const process = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  const hooks = process?.getBuiltinModule?.('node:async_hooks') as
    | { AsyncLocalStorage: new () => AsyncLocalStorage<Context> }
    | undefined;
  if (!hooks) return createStackContextStore();

  const storage = new hooks.AsyncLocalStorage();
  const store: ContextStore = {
    active: () => storage.getStore() ?? rootContext,
    with: (context, fn, thisArg, ...args) => storage.run(context, () => fn.apply(thisArg, args)),
    bind(context, target) {
      if (typeof target !== 'function') return target;
      const bound = function (this: unknown, ...args: unknown[]): unknown {
        return store.with(context, target as unknown as (...args: unknown[]) => unknown, this, ...args);
      };
      return Object.defineProperty(bound, 'length', { value: target.length }) as typeof target;
    },
    disable: () => storage.disable(),
  };
  return store;
}
