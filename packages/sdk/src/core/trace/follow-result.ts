import type { ContextStore } from '../ports.js';
import type { TracedCall, TracedFunction, WorkEnd } from './traced.js';

/**
 * Follows work that goes on after a traced function has returned something other than a promise, by replacing the methods through
 * which it goes on; the object stays the same.
 *
 * - A thenable (a query builder that runs when it is awaited): the span ends when it has run. Nothing calls its `then` but the
 *   program, so that a lazy one is not run twice.
 * - A generator, sync or async: each step runs in the span's context, and the span ends when it is done, left, or fails.
 *
 * `false`: the work is done.
 */
export function followResult(
  result: unknown,
  { step, succeed, fail }: TracedCall,
  contextStore: ContextStore,
): boolean {
  const methods = methodsToFollow(result);
  for (const method of methods) {
    const target = result as Record<string, TracedFunction>;
    const original = target[method]!;
    const value = function (this: unknown, ...args: unknown[]): unknown {
      if (method === 'then') {
        const waiting = contextStore.active();
        const settle = (end: WorkEnd, next: unknown) => (outcome: unknown) => {
          if (typeof next !== 'function') return end(outcome);
          try {
            end(outcome);
          } catch {} // The program handles it, in `next`.
          return contextStore.with(waiting, next as TracedFunction, undefined, outcome);
        };
        return step(original, this, [settle(succeed, args[0]), settle(fail, args[1])]);
      }
      const follow = (next: unknown): unknown => {
        const { done, value } = next as IteratorResult<unknown>;
        if (done) succeed(value);
        return next;
      };
      const next = step(original, this, args);
      return next instanceof Promise ? next.then(follow, fail) : follow(next);
    };
    // A frozen object keeps its methods; its span says how long making it took.
    if (!Reflect.defineProperty(target, method, { value, configurable: true, writable: true })) return false;
  }
  return methods.length > 0;
}

function methodsToFollow(result: unknown): readonly string[] {
  if (!result || typeof result !== 'object') return [];
  if (/Generator\]$/.test(Object.prototype.toString.call(result))) return ['next', 'return', 'throw'];
  return typeof (result as PromiseLike<unknown>).then === 'function' ? ['then'] : [];
}
