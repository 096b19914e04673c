import type { Context } from '@opentelemetry/api';
import type { ContextStore } from '../../../core/ports.js';

/** One value and the contexts behind it: a device puts a span in one, hardly more. Without a class, which the smallest engines do not have. */
interface ChainedContext extends Context {
  readonly key: symbol | undefined;
  readonly value: unknown;
  readonly outer: ChainedContext | undefined;
}

const methods: Context & ThisType<ChainedContext> = {
  getValue(key) {
    let at: ChainedContext | undefined = this;
    while (at && at.key !== key) at = at.outer;
    return at?.value;
  },
  setValue(key, value) {
    // Of what has the same key only the newest is kept, so that spans are not kept alive by those below them.
    return chain(key, value, without(this, key));
  },
  deleteValue(key) {
    return without(this, key);
  },
};

function chain(key: symbol | undefined, value: unknown, outer: ChainedContext | undefined): ChainedContext {
  const context = Object.create(methods) as { -readonly [Name in keyof ChainedContext]: ChainedContext[Name] };
  context.key = key;
  context.value = value;
  context.outer = outer;
  return context;
}

function without(context: ChainedContext, key: symbol): ChainedContext {
  if (context.key === key) return context.outer!;
  const { outer } = context;
  if (!outer || outer.getValue(key) === undefined) return context;
  return chain(context.key, context.value, without(outer, key));
}

/** The active context of a program without `await`: active while `fn` runs, and until its first `await`. */
export function createTinyContextStore(): ContextStore {
  const root = chain(undefined, undefined, undefined);
  let active: Context = root;
  const store: ContextStore = {
    active: () => active,
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
      return function (this: unknown, ...args: unknown[]): unknown {
        return store.with(context, target as unknown as (...args: unknown[]) => unknown, this, ...args);
      } as typeof target;
    },
    disable() {
      active = root;
    },
  };
  return store;
}
